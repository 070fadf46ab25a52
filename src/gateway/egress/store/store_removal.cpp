// How events go from a StoreDatabase: with their row, or one by one from the block they share.
#include <iterator>
#include <map>
#include <optional>
#include <string>

#include "gateway/egress/store/store_statements.hpp"

namespace gateway::egress {
namespace {

// What removing and marking rows may need beyond the bound when the store is full.
constexpr std::uint64_t kPagesToRemove = 64;

}  // namespace

StoreTotals StoreDatabase::remove(std::span<const Sequence> rows) {
  set_durability(Durability::at_checkpoint);
  set_max_pages(max_pages_ + kPagesToRemove);
  sqlite::Transaction transaction(database_);
  std::map<std::string, StoreTotals> totals;
  // Neighbours go together: one statement for a range costs a third of one for every row.
  for (auto first = rows.begin(); first != rows.end();) {
    auto last = first;
    while (std::next(last) != rows.end() && *std::next(last) == *last + 1) ++last;
    remove_range(*first, *last, totals);
    first = std::next(last);
  }
  add_to_totals(totals, -1);
  transaction.commit();
  StoreTotals removed;
  for (const auto& [reason, of_reason] : totals) {
    removed.rows += of_reason.rows;
    removed.bytes += of_reason.bytes;
  }
  return removed;
}

void StoreDatabase::remove_range(Sequence first, Sequence last,
                                 std::map<std::string, StoreTotals>& removed) {
  // Blocks that reach beyond the range, at either end of it.
  std::optional<Sequence> head;
  std::optional<Sequence> tail;
  {
    sqlite::Statement& sizes = statements_->sizes;
    const sqlite::ResetAtEnd reset(sizes);
    sizes.bind(1, first).bind(2, last);
    std::string reason;
    while (sizes.step()) {
      const RowSize row(sizes);
      tail.reset();
      if (row.last() < first) continue;
      if (row.seq < first) {
        head = row.seq;
      } else if (row.last() > last) {
        tail = row.seq;
      } else {
        reason = row.reason;
        StoreTotals& of_reason = removed[reason];
        of_reason.rows += row.there();
        of_reason.bytes += row.bytes;
      }
    }
  }
  statements_->remove.bind(1, first).bind(2, tail ? *tail - 1 : last);
  statements_->remove.run();
  if (head) remove_from_block(*head, first, last, removed);
  if (tail) remove_from_block(*tail, first, last, removed);
}

void StoreDatabase::remove_from_block(Sequence block, Sequence first, Sequence last,
                                      std::map<std::string, StoreTotals>& removed) {
  std::uint64_t bytes = 0;
  std::uint64_t left = 0;
  GoneEvents gone;
  {
    sqlite::Statement& row = statements_->select_one;
    const sqlite::ResetAtEnd reset(row);
    row.bind(1, block);
    if (!row.step()) return;
    const auto it = block_of(row);
    if (!it) return;  // nothing of it was ever given out
    gone = gone_from(row);
    StoreTotals& totals = removed[std::string()];
    Sequence seq = block;
    for (const EventBlock::Entry& entry : it->entries()) {
      const auto index = static_cast<std::size_t>(seq - block);
      if (!gone.has(index) && seq >= first && seq <= last) {
        gone.add(index);
        ++totals.rows;
        totals.bytes += entry.bytes();
      }
      if (!gone.has(index)) {
        ++left;
        bytes += entry.bytes();
      }
      ++seq;
    }
  }
  if (left == 0) {
    statements_->remove.bind(1, block).bind(2, block);
    statements_->remove.run();
  } else {
    statements_->shrink.bind(1, block)
        .bind(2, static_cast<std::int64_t>(bytes))
        .bind(3, gone.value());
    statements_->shrink.run();
  }
}

void StoreDatabase::mark_replayed(std::span<const Sequence> rows, WallInstant when) {
  set_durability(Durability::at_checkpoint);
  set_max_pages(max_pages_ + kPagesToRemove);
  sqlite::Transaction transaction(database_);
  for (const Sequence seq : rows) {
    statements_->mark.bind(1, seq).bind(2, when.time_since_epoch().count());
    statements_->mark.run();
  }
  transaction.commit();
}

}  // namespace gateway::egress
