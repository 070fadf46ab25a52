#include "gateway/egress/store/row_leases.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include "gateway/egress/store/record.hpp"

namespace gateway::egress {

// Takes the first of the rows that were given back, as far as they are near each other: they are
// read in one go.
std::vector<Sequence> RowLeases::take_returned(Target& target, std::size_t max) {
  constexpr Sequence kNear = 64;
  std::vector<Sequence> rows;
  std::set<Sequence>& returned = target.returned;
  rows.reserve(std::min(max, returned.size()));  // from here on nothing fails
  while (!returned.empty() && rows.size() < max &&
         (rows.empty() || *returned.begin() - rows.back() <= kNear)) {
    rows.push_back(*returned.begin());
    returned.erase(returned.begin());
  }
  return rows;
}

StoreResult RowLeases::read(EventStore& store, std::size_t target, std::size_t max_rows,
                            std::size_t max_bytes, SpooledChunk& chunk) {
  target_ = target;
  leased_.clear();
  chunk.rows.clear(std::numeric_limits<std::size_t>::max());
  chunk.damaged.clear();
  const bool new_first = std::exchange(targets_[target].new_first, false);
  const auto nothing = [&] { return chunk.rows.empty() && chunk.damaged.empty(); };
  StoreResult read;
  if (new_first) read = read_new(store, max_rows, max_bytes, chunk);
  if (read && nothing()) read = read_returned(store, max_rows, max_bytes, chunk);
  if (read && nothing() && !new_first) read = read_new(store, max_rows, max_bytes, chunk);
  return read;
}

StoreResult RowLeases::read_returned(EventStore& store, std::size_t max_rows, std::size_t max_bytes,
                                     SpooledChunk& chunk) {
  Target& of = targets_[target_];
  leased_ = take_returned(of, max_rows);
  if (leased_.empty()) return {};
  of.new_first = true;
  const auto is_leased = [this](const RecordReader::Record& record) {
    return std::ranges::binary_search(leased_, record.seq);
  };
  auto read = store.read_spooled(leased_.front() - 1, is_leased, leased_.size(), max_bytes, chunk);
  const auto unread = read ? std::ranges::upper_bound(leased_, chunk.last) : leased_.begin();
  give_back(target_, std::span(unread, leased_.end()));
  leased_.erase(unread, leased_.end());
  chunk.end = false;  // there may be more behind the frontier
  return read;
}

StoreResult RowLeases::read_new(EventStore& store, std::size_t max_rows, std::size_t max_bytes,
                                SpooledChunk& chunk) {
  Target& of = targets_[target_];
  const auto is_of_target = [&](const RecordReader::Record& record) {
    if (std::ranges::binary_search(delivered_, record.seq)) return false;
    return !record.intact || names_.is_of(target_of(record.payload), target_);
  };
  auto read = store.read_spooled(of.frontier, is_of_target, max_rows, max_bytes, chunk);
  if (!read) return read;
  leased_.clear();  // rows that were removed after they had been given back
  leased_.reserve(chunk.rows.size());
  for (const auto& row : chunk.rows.entries()) leased_.push_back(row.seq);
  of.frontier = std::max(of.frontier, chunk.last);
  if (target_ != 0) chunk.damaged.clear();  // nobody knows whose they were
  return {};
}

void RowLeases::arrived(bool arrived) {
  if (!arrived) give_back(target_, leased_);
  leased_.clear();
}

void RowLeases::forget(std::span<const Sequence> rows) {
  for (Target& target : targets_) {
    if (target.returned.empty()) continue;
    for (const Sequence row : rows) target.returned.erase(row);
  }
}

void RowLeases::begin_again(std::vector<Sequence> delivered) noexcept {
  delivered_ = std::move(delivered);
  std::ranges::sort(delivered_);
  for (Target& target : targets_) {
    target.returned.clear();
    target.frontier = 0;
  }
}

StoreResult RowLeases::count_on(EventStore& store) {
  SpooledChunk none;
  std::uint64_t found = 0;
  const Sequence last = count_to_.value_or(0);
  const auto count = [&](const RecordReader::Record& record) {
    const bool unclaimed =
        record.intact && record.seq <= last && !names_.knows(target_of(record.payload));
    found += unclaimed ? 1 : 0;
    return false;
  };
  const auto read = store.read_spooled(counted_to_, count, 1, 1, none);
  unclaimed_ += read ? found : 0;
  counted_to_ = none.last;
  if (!read || none.end || counted_to_ >= last) count_to_.reset();
  return read;
}

}  // namespace gateway::egress
