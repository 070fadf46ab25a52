#include "gateway/egress/store/store_database.hpp"

#include <fmt/format.h>
#include <sqlite3.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <iterator>
#include <limits>
#include <optional>
#include <string>
#include <system_error>

#include "gateway/egress/store/store_schema.hpp"
#include "gateway/egress/store/store_statements.hpp"
#include "gateway/egress/store/stored_rows.hpp"

namespace gateway::egress {
namespace {

// A page takes a dozen events of the usual size; with the default of 4 KiB appending costs half as
// much again.
constexpr int kPageSize = 16384;
constexpr int kCacheKiB = 16384;
// How long another program (an inspecting tool, a backup) may hold a lock.
constexpr int kBusyMs = 2000;
// Beyond this a whole check at start would keep a gateway from starting: about 0.2 s.
constexpr std::uint64_t kWholeCheckBytes = std::uint64_t{64} << 20;
// For walking a larger file from either end.
constexpr std::chrono::milliseconds kWalkTime{500};
constexpr std::size_t kProbeBytes = std::size_t{64} << 10;

[[noreturn]] void throw_damaged(const std::string& text) {
  throw sqlite::Error(SQLITE_CORRUPT, 0, text);
}

void start_over(SpooledChunk& chunk, std::size_t max_bytes) {
  SpooledEvents rows = std::move(chunk.rows);
  rows.clear(2 * max_bytes);
  chunk = SpooledChunk();
  chunk.rows = std::move(rows);
}

}  // namespace

void StoreDatabase::StatementsDeleter::operator()(Statements* statements) const noexcept {
  delete statements;
}

StoreDatabase::StoreDatabase(const Settings& settings)
    : database_(settings.path, SQLITE_OPEN_READWRITE | (settings.owner ? SQLITE_OPEN_CREATE : 0)),
      blocks_(settings.kind == StoreKind::spool) {
  if (sqlite3_db_readonly(database_.handle(), "main") != 0) throw Unusable("it is read-only");
  configure();
  recognise(settings);
  if (database_.text("PRAGMA journal_mode=WAL") != "wal") {
    throw Unusable("its file system cannot do what a write-ahead log needs");
  }
  page_size_ = static_cast<std::size_t>(database_.integer("PRAGMA page_size"));
  const auto note_wal = [](void* self, sqlite3*, const char*, int pages) {
    static_cast<StoreDatabase*>(self)->wal_pages_ = static_cast<std::size_t>(pages);
    return SQLITE_OK;
  };
  sqlite3_wal_hook(database_.handle(), note_wal, this);  // in place of automatic checkpoints
  if (settings.owner && settings.check) check_integrity();
  if (settings.owner) bound_size(settings.max_bytes);
  statements_.reset(new Statements(database_));
}

void StoreDatabase::configure() {
  sqlite3_busy_timeout(database_.handle(), kBusyMs);
  database_.run(
      fmt::format("PRAGMA cell_size_check=ON;PRAGMA trusted_schema=OFF;"
                  "PRAGMA temp_store=MEMORY;PRAGMA mmap_size=0;PRAGMA secure_delete=FAST;"
                  "PRAGMA cache_size=-{}",
                  kCacheKiB));
}

void StoreDatabase::recognise(const Settings& settings) {
  switch (recognise_schema(database_, settings.kind, settings.owner)) {
    case Recognised::empty:
      if (!settings.owner) throw Unusable("there is no store in it");
      // SQLite takes less than a page for nothing and would write over it.
      if (std::error_code error; database_.integer("PRAGMA page_count") == 0 &&
                                 std::filesystem::file_size(settings.path, error) > 0 && !error) {
        throw_damaged("less than a page");
      }
      database_.run(fmt::format("PRAGMA page_size={}", kPageSize));
      // Before the tables: page size and mode cannot both be changed in a file that has content.
      static_cast<void>(database_.text("PRAGMA journal_mode=WAL"));
      create_schema(database_, settings.kind, settings.first_seq, settings.salvages);
      return;
    case Recognised::damaged:
      throw_damaged("its tables are not those of a store");
    case Recognised::ours:
      break;
  }
  // It was not read-only when it was opened: its header has come to say so.
  if (sqlite3_db_readonly(database_.handle(), "main") != 0) throw_damaged("bad file format");
}

void StoreDatabase::check_integrity() {
  const auto bytes = static_cast<std::uint64_t>(database_.integer("PRAGMA page_count")) *
                     static_cast<std::uint64_t>(page_size_);
  const bool whole = bytes <= kWholeCheckBytes;
  if (whole) {
    const std::string verdict = database_.text("PRAGMA quick_check(1)");
    if (verdict != "ok") throw_damaged(verdict);
  }
  if (recount(!whole)) return;
  sqlite::Statement backwards(database_, "SELECT size FROM events ORDER BY seq DESC");
  const sqlite::ResetAtEnd reset(backwards);
  const auto deadline = std::chrono::steady_clock::now() + kWalkTime;
  while (std::chrono::steady_clock::now() < deadline && backwards.step()) {
  }
}

// Walks all rows and puts the totals right, which nothing else would notice to be wrong. False if
// it ran out of time.
bool StoreDatabase::recount(bool bounded) {
  std::map<std::string, StoreTotals> found;
  {
    sqlite::Statement rows(database_, fmt::format("{} ORDER BY seq", kSelectSize));
    const sqlite::ResetAtEnd reset(rows);
    const auto deadline = std::chrono::steady_clock::now() + kWalkTime;
    std::string reason;
    while (rows.step()) {
      if (bounded && std::chrono::steady_clock::now() >= deadline) return false;
      const RowSize row(rows);
      reason = row.reason;
      StoreTotals& totals = found[reason];
      totals.rows += row.there();
      totals.bytes += row.bytes;
    }
  }
  sqlite::Statement kept(database_, "SELECT count(*) FROM totals WHERE rows<>0 OR bytes<>0");
  const bool count_differs =
      !kept.step() || static_cast<std::size_t>(kept.integer(0)) != found.size();
  kept.reset();
  bool differs = count_differs;
  sqlite::Statement one(database_, "SELECT rows,bytes FROM totals WHERE reason=?1");
  for (const auto& [reason, totals] : found) {
    one.bind(1, reason);
    differs = differs || !one.step() || static_cast<std::uint64_t>(one.integer(0)) != totals.rows ||
              static_cast<std::uint64_t>(one.integer(1)) != totals.bytes;
    one.reset();
  }
  if (!differs) return true;
  sqlite::Transaction transaction(database_);
  database_.run("DELETE FROM totals");
  sqlite::Statement insert(database_, "INSERT INTO totals(reason,rows,bytes)VALUES(?1,?2,?3)");
  for (const auto& [reason, totals] : found) {
    insert.bind(1, reason)
        .bind(2, static_cast<std::int64_t>(totals.rows))
        .bind(3, static_cast<std::int64_t>(totals.bytes));
    insert.run();
  }
  transaction.commit();
  return true;
}

void StoreDatabase::bound_size(std::uint64_t max_bytes) {
  // The log is written and moved over in pieces of this size; larger ones make commits wait longer.
  wal_bound_ =
      std::clamp<std::uint64_t>(max_bytes / 16, std::uint64_t{256} << 10, std::uint64_t{16} << 20);
  max_pages_ = std::max<std::uint64_t>(
      (max_bytes - std::min<std::uint64_t>(max_bytes, wal_bound_)) / page_size_, 16);
  database_.run(fmt::format("PRAGMA journal_size_limit={}", 2 * wal_bound_));
}

void StoreDatabase::set_max_pages(std::uint64_t pages) {
  if (max_pages_ == 0 || pages == pages_allowed_) return;
  database_.run(fmt::format("PRAGMA max_page_count={}", pages));
  pages_allowed_ = pages;
}

void StoreDatabase::set_durability(Durability durability) {
  if (durability == durability_) return;
  database_.run(durability == Durability::at_commit ? "PRAGMA synchronous=FULL"
                                                    : "PRAGMA synchronous=NORMAL");
  durability_ = durability;
}

void StoreDatabase::add_to_totals(const std::map<std::string, StoreTotals>& changes, int sign) {
  for (const auto& [reason, totals] : changes) {
    statements_->add_totals.bind(1, reason)
        .bind(2, sign * static_cast<std::int64_t>(totals.rows))
        .bind(3, sign * static_cast<std::int64_t>(totals.bytes));
    statements_->add_totals.run();
  }
}

// For `to_come` more; also of rows that are gone.
Sequence StoreDatabase::last_given_out(std::size_t to_come) {
  Sequence last = last_seq();
  {
    sqlite::Statement& row = statements_->last;
    const sqlite::ResetAtEnd reset(row);
    if (row.step()) last = std::max(last, RowSize(row).last());
  }
  if (last > std::numeric_limits<Sequence>::max() - static_cast<Sequence>(to_come)) {
    throw sqlite::Error(SQLITE_FULL, 0, "there are no more numbers");
  }
  return last;
}

// SQLite takes the number of a row for the last.
void StoreDatabase::note_given_out(Sequence last) {
  statements_->note_sequence.bind(1, last);
  statements_->note_sequence.run();
}

Sequence StoreDatabase::append(std::span<const StoredEvent> events, WallInstant added) {
  if (wal_bytes() > 2 * wal_bound_) checkpoint();  // nobody else did
  set_durability(Durability::at_commit);
  set_max_pages(max_pages_);
  sqlite::Transaction transaction(database_);
  std::map<std::string, StoreTotals> totals;
  Sequence last = last_given_out(events.size());
  for (std::span<const StoredEvent> rest = events; !rest.empty();) {
    const std::size_t count = blocks_ ? EventBlock::fitting(rest) : 1;
    const auto row = rest.first(count);
    if (count == 1) {
      bind_row(statements_->insert, last + 1, row.front(), added);
    } else {
      bind_block(statements_->insert, last + 1, row, added, block_);
    }
    statements_->insert.run();
    last += static_cast<Sequence>(count);
    rest = rest.subspan(count);
  }
  note_given_out(last);
  for (const StoredEvent& event : events) {
    StoreTotals& of_reason = totals[event.details ? event.details->reason : std::string()];
    ++of_reason.rows;
    of_reason.bytes += event.bytes();
  }
  add_to_totals(totals, 1);
  transaction.commit();
  return last;
}

StoredChunk StoreDatabase::select(const StoreFilter& filter, Sequence after, std::size_t max_rows,
                                  std::size_t max_bytes) {
  sqlite::Statement& rows = statements_->select;
  const sqlite::ResetAtEnd reset(rows);
  rows.bind(1, after);
  StoredChunk chunk;
  collect_rows(rows, filter, after, {max_rows, max_bytes}, chunk);
  return chunk;
}

void StoreDatabase::read_spooled(Sequence after, std::size_t max_rows, std::size_t max_bytes,
                                 SpooledChunk& chunk) {
  sqlite::Statement& rows = statements_->select;
  const sqlite::ResetAtEnd reset(rows);
  rows.bind(1, after);
  start_over(chunk, max_bytes);
  const bool ends_blocks = max_rows >= EventBlock::kMostEvents;
  collect_rows(rows, StoreFilter(), after, {max_rows, max_bytes, ends_blocks}, chunk);
}

StoredChunk StoreDatabase::read_rows(std::span<const Sequence> rows, std::size_t max_bytes) {
  StoredChunk chunk;
  read_some(rows, max_bytes, chunk);
  return chunk;
}

void StoreDatabase::read_spooled(std::span<const Sequence> rows, std::size_t max_bytes,
                                 SpooledChunk& chunk) {
  start_over(chunk, max_bytes);
  read_some(rows, max_bytes, chunk);
}

template <class Rows>
void StoreDatabase::read_some(std::span<const Sequence> rows, std::size_t max_bytes,
                              Chunk<Rows>& chunk) {
  sqlite::Statement& one = statements_->select_one;
  std::size_t bytes = 0;
  while (!rows.empty() && bytes < max_bytes) {
    const sqlite::ResetAtEnd reset(one);
    one.bind(1, rows.front());
    std::size_t looked_at = 1;
    if (one.step()) {
      looked_at = add_wanted(one, rows, chunk, bytes, max_bytes);
    } else {
      chunk.last = rows.front();
    }
    rows = rows.subspan(looked_at);
  }
}

std::map<std::string, StoreTotals> StoreDatabase::totals_by_reason() {
  std::map<std::string, StoreTotals> all;
  sqlite::Statement& rows = statements_->totals;
  const sqlite::ResetAtEnd reset(rows);
  while (rows.step()) {
    StoreTotals& totals = all[std::string(rows.text(0))];
    totals.rows = static_cast<std::uint64_t>(rows.integer(1));
    totals.bytes = static_cast<std::uint64_t>(rows.integer(2));
  }
  return all;
}

std::optional<WallInstant> StoreDatabase::oldest() {
  sqlite::Statement& row = statements_->oldest;
  const sqlite::ResetAtEnd reset(row);
  if (!row.step()) return std::nullopt;
  return WallInstant{std::chrono::milliseconds{row.integer(0)}};
}

Sequence StoreDatabase::last_seq() {
  sqlite::Statement& row = statements_->sequence;
  const sqlite::ResetAtEnd reset(row);
  return row.step() ? row.integer(0) : 0;
}

void StoreDatabase::probe() {
  set_durability(Durability::at_commit);
  set_max_pages(max_pages_);
  sqlite::Transaction transaction(database_);
  StoredEvent event;
  event.json.resize(kProbeBytes, ' ');
  const Sequence written = last_given_out(1) + 1;
  bind_row(statements_->insert, written, event, {});
  statements_->insert.run();
  statements_->remove.bind(1, written).bind(2, written);
  statements_->remove.run();
  transaction.commit();
}

void StoreDatabase::save(std::span<const StoredRow> rows, const Salvage& progress, bool finished) {
  if (wal_bytes() > 2 * wal_bound_) checkpoint();
  set_durability(Durability::at_commit);
  set_max_pages(max_pages_);
  sqlite::Transaction transaction(database_);
  std::map<std::string, StoreTotals> totals;
  Sequence last = last_given_out(rows.size());
  for (const StoredRow& row : rows) {
    bind_row(statements_->insert, ++last, row.event, row.added);
    statements_->insert.run();
    if (row.replayed) {
      statements_->mark.bind(1, last).bind(2, row.replayed->time_since_epoch().count());
      statements_->mark.run();
    }
    StoreTotals& of_reason = totals[row.event.details ? row.event.details->reason : std::string()];
    ++of_reason.rows;
    of_reason.bytes += row.event.bytes();
  }
  add_to_totals(totals, 1);
  note_salvage(database_, progress, finished);
  transaction.commit();
}

std::vector<Salvage> StoreDatabase::salvages() {
  return read_salvages(database_);
}

void StoreDatabase::empty_log() {
  database_.check(sqlite3_wal_checkpoint_v2(database_.handle(), nullptr, SQLITE_CHECKPOINT_TRUNCATE,
                                            nullptr, nullptr));
  wal_pages_ = 0;
}

void StoreDatabase::checkpoint() {
  int in_log = 0;
  int moved = 0;
  const int code = sqlite3_wal_checkpoint_v2(database_.handle(), nullptr, SQLITE_CHECKPOINT_PASSIVE,
                                             &in_log, &moved);
  // A reader or another checkpoint is in the way: what is left is for the next time.
  if (code != SQLITE_OK && (code & 0xFF) != SQLITE_BUSY) database_.fail(code);
  if (in_log == moved) wal_pages_ = 0;
}

}  // namespace gateway::egress
