#include "gateway/egress/store/old_database.hpp"

#include <fmt/format.h>
#include <sqlite3.h>

#include <algorithm>
#include <array>
#include <bit>
#include <chrono>
#include <memory>
#include <string_view>
#include <vector>

#include "gateway/egress/segments/record.hpp"

namespace gateway::egress {
namespace {

using Kind = StoreError::Kind;

constexpr std::string_view kSqliteMagic{"SQLite format 3\0", 16};
// Where the format of SQLite's database files has the application's number, and how long its header
// is; where the first page stands in a log that holds it.
constexpr std::size_t kApplicationAt = 68;
constexpr std::size_t kHeaderSize = 100;
constexpr std::uint64_t kPageInLog = 32 + 24;

constexpr std::uint32_t application_of(StoreKind kind) noexcept {
  return kind == StoreKind::spool ? 0x636F7353 : 0x636F7344;  // "cosS", "cosD"
}
constexpr StoreKind kKinds[] = {StoreKind::spool, StoreKind::dead_letters};

bool is_ours(File& file, std::uint64_t offset) {
  std::string header(kHeaderSize, '\0');
  const auto got = file.read(offset, header);
  if (!got || *got < header.size() || !header.starts_with(kSqliteMagic)) return false;
  std::uint32_t application = 0;
  for (std::size_t i = 0; i < sizeof application; ++i) {
    application = application << 8 | static_cast<unsigned char>(header[kApplicationAt + i]);
  }
  return std::ranges::any_of(kKinds,
                             [&](StoreKind kind) { return application == application_of(kind); });
}

// --- The sums that rows were written with

class Sum {
 public:
  void add(std::uint64_t word) noexcept {
    state_ = std::rotl((state_ ^ word) * 0x9E3779B97F4A7C15U, 29) + 0x632BE59BD9B4E019U;
  }
  void add(std::string_view text) noexcept {
    add(std::uint64_t{text.size()});
    while (!text.empty()) add_word(text);
  }
  void add_word(std::string_view& text) noexcept {
    std::array<char, sizeof(std::uint64_t)> bytes{};
    const std::size_t size = std::min(text.size(), bytes.size());
    std::copy_n(text.begin(), size, bytes.begin());
    text.remove_prefix(size);
    std::string_view word(bytes.data(), bytes.size());
    add(take<std::uint64_t>(word));
  }
  [[nodiscard]] std::uint64_t value() const noexcept { return state_; }

 private:
  std::uint64_t state_ = 0;
};

std::uint64_t text_sum(std::string_view bytes) noexcept {
  std::array<Sum, 4> lanes;
  Sum sum;
  sum.add(std::uint64_t{bytes.size()});
  while (bytes.size() >= lanes.size() * sizeof(std::uint64_t)) {
    for (Sum& lane : lanes) lane.add_word(bytes);
  }
  sum.add(bytes);
  for (const Sum& lane : lanes) sum.add(lane.value());
  return sum.value();
}

// --- Rows

enum Column : int {
  kSeq,
  kAdded,
  kSum,
  kId,
  kType,
  kBucket,
  kKey,
  kAttempts,
  kStatus,
  kReason,
  kEndpoint,
  kFirst,
  kLast,
  kReplayed,
  kBody,
  kEvent
};
constexpr std::string_view kSelect =
    "SELECT seq,added_ms,sum,id,type,bucket,key,attempts,status,reason,endpoint,first_ms,last_ms,"
    "replayed_ms,body,event FROM events WHERE seq>?1 ORDER BY seq";

// A row of the result, whose texts last until the next step.
class RowView {
 public:
  explicit RowView(sqlite3_stmt* statement) noexcept : statement_(statement) {}
  [[nodiscard]] std::int64_t integer(Column column) const noexcept {
    return sqlite3_column_int64(statement_, column);
  }
  [[nodiscard]] std::string_view text(Column column) const noexcept {
    const auto* const bytes = static_cast<const char*>(sqlite3_column_blob(statement_, column));
    const int size = sqlite3_column_bytes(statement_, column);
    return bytes == nullptr ? std::string_view() : std::string_view(bytes, std::size_t(size));
  }
  [[nodiscard]] bool is_null(Column column) const noexcept {
    return sqlite3_column_type(statement_, column) == SQLITE_NULL;
  }
  [[nodiscard]] WallInstant time(Column column) const noexcept {
    return WallInstant{std::chrono::milliseconds{integer(column)}};
  }
  [[nodiscard]] std::uint64_t sum() const noexcept {
    return static_cast<std::uint64_t>(integer(kSum));
  }
  // Up to 48 events shared a row: in place of attempts and status it has how many.
  [[nodiscard]] bool is_block() const noexcept { return is_null(kAttempts) && !is_null(kStatus); }

 private:
  sqlite3_stmt* statement_;
};

// One event a row. False: it is damaged.
bool read_event(const RowView& row, std::vector<OldRow>& rows) {
  OldRow old;
  old.added = row.time(kAdded);
  old.event.json = row.text(kEvent);
  Sum sum;
  sum.add(static_cast<std::uint64_t>(row.integer(kAdded)));
  for (const Column column : {kId, kType, kBucket, kKey, kEvent}) sum.add(row.text(column));
  if (!row.is_null(kAttempts)) {
    auto& details = old.event.details.emplace();
    details.attempts = static_cast<std::uint32_t>(row.integer(kAttempts));
    details.status = static_cast<std::uint32_t>(row.integer(kStatus));
    details.body = row.text(kBody);
    details.reason = row.text(kReason);
    details.endpoint = row.text(kEndpoint);
    details.first = row.time(kFirst);
    details.last = row.time(kLast);
    sum.add(std::uint64_t{details.attempts});
    sum.add(std::uint64_t{details.status});
    for (const Column column : {kBody, kReason, kEndpoint}) sum.add(row.text(column));
    sum.add(static_cast<std::uint64_t>(row.integer(kFirst)));
    sum.add(static_cast<std::uint64_t>(row.integer(kLast)));
  }
  if (!row.is_null(kReplayed)) old.replayed = row.time(kReplayed);
  if (sum.value() != row.sum()) return false;
  rows.push_back(std::move(old));
  return true;
}

// Which events of a block were removed, a bit of each; a value that was not made so means none.
std::uint64_t removed_of(const RowView& row) noexcept {
  constexpr std::uint64_t kBits = (std::uint64_t{1} << 48) - 1;
  const auto value = static_cast<std::uint64_t>(row.integer(kReplayed));
  const std::uint64_t bits = value & kBits;
  const std::uint64_t fold = (bits ^ (bits >> 16) ^ (bits >> 32) ^ 0x6B5A) & 0xFFFF;
  return value == (bits | fold << 48) ? bits : 0;
}

// Several events: a table of five lengths and a sum of each, then their texts, the JSON last.
// Returns how many are damaged.
std::uint64_t read_block(const RowView& row, std::vector<OldRow>& rows) {
  constexpr std::int64_t kMostEvents = 48;
  constexpr std::size_t kTexts = 5;
  constexpr std::size_t kEntrySize = kTexts * sizeof(std::uint32_t) + sizeof(std::uint64_t);
  const std::int64_t count = row.integer(kStatus);
  if (count < 1 || count > kMostEvents) return 1;
  std::string_view bytes = row.text(kEvent);
  std::string_view table = bytes.substr(0, static_cast<std::size_t>(count) * kEntrySize);
  bytes.remove_prefix(table.size());
  Sum sum;
  sum.add(static_cast<std::uint64_t>(row.integer(kSeq)));
  sum.add(static_cast<std::uint64_t>(row.integer(kAdded)));
  sum.add(table);
  if (sum.value() != row.sum()) return static_cast<std::uint64_t>(count);
  const std::uint64_t removed = row.is_null(kReplayed) ? 0 : removed_of(row);
  std::uint64_t damaged = 0;
  for (std::int64_t i = 0; i < count; ++i) {
    std::size_t size = 0;
    std::size_t before_json = 0;
    for (std::size_t text = 0; text < kTexts; ++text) {
      before_json = size;
      size += take<std::uint32_t>(table);
    }
    const auto expected = take<std::uint64_t>(table);
    const std::string_view all = bytes.substr(0, size);
    bytes.remove_prefix(all.size());
    if ((removed >> i & 1U) != 0) continue;
    if (all.size() != size || text_sum(all) != expected) {
      ++damaged;
      continue;
    }
    OldRow& old = rows.emplace_back();
    old.added = row.time(kAdded);
    old.event.json = all.substr(before_json);
  }
  return damaged;
}

// --- The file

struct Closer {
  void operator()(sqlite3* database) const noexcept { sqlite3_close_v2(database); }
  void operator()(sqlite3_stmt* statement) const noexcept { sqlite3_finalize(statement); }
};
using Database = std::unique_ptr<sqlite3, Closer>;
using Statement = std::unique_ptr<sqlite3_stmt, Closer>;

class OldDatabase {
 public:
  OldDatabase(std::string path, const TakeOldRows& take) : path_(std::move(path)), take_(take) {}

  StoreOutcome<OldTotals> read(StoreKind kind) {
    constexpr int kBusyMs = 1000;
    sqlite3* database = nullptr;
    const int opened = sqlite3_open_v2(path_.c_str(), &database, SQLITE_OPEN_READWRITE, nullptr);
    database_.reset(database);
    if (opened != SQLITE_OK) return error();
    sqlite3_busy_timeout(database, kBusyMs);
    const auto application = integer("PRAGMA application_id");
    if (!application) return error();
    if (*application != application_of(kind)) return other_kind(path_, kind);
    const auto expected = integer("SELECT sum(rows) FROM totals");
    if (auto forward = walk(std::string(kSelect)); !forward) return forward.error();
    if (broken_) {
      // What is behind the damage can be reached from the other end.
      broken_ = false;
      if (auto back = walk(std::string(kSelect) + " DESC"); !back) return back.error();
      if (expected && *expected > static_cast<std::int64_t>(totals_.rows)) {
        totals_.damaged = static_cast<std::uint64_t>(*expected) - totals_.rows;
      }
    }
    return totals_;
  }

 private:
  [[nodiscard]] StoreError error() const {
    const int code = sqlite3_extended_errcode(database_.get()) & 0xFF;
    return {code == SQLITE_FULL ? Kind::full : Kind::failing,
            fmt::format("{}: {}", path_, sqlite3_errmsg(database_.get()))};
  }
  [[nodiscard]] bool is_damage(int code) const noexcept {
    return (code & 0xFF) == SQLITE_CORRUPT || (code & 0xFF) == SQLITE_NOTADB;
  }
  [[nodiscard]] std::optional<std::int64_t> integer(const char* sql) {
    sqlite3_stmt* statement = nullptr;
    if (sqlite3_prepare_v2(database_.get(), sql, -1, &statement, nullptr) != SQLITE_OK) return {};
    const Statement owned(statement);
    if (sqlite3_step(statement) != SQLITE_ROW) return {};
    return sqlite3_column_int64(statement, 0);
  }

  StoreResult walk(const std::string& sql) {
    constexpr std::size_t kRowsAtATime = 512;
    constexpr std::size_t kBytesAtATime = std::size_t{1} << 20;
    sqlite3_stmt* prepared = nullptr;
    if (sqlite3_prepare_v2(database_.get(), sql.c_str(), -1, &prepared, nullptr) != SQLITE_OK) {
      if (!is_damage(sqlite3_errcode(database_.get()))) return error();
      broken_ = true;
      return {};
    }
    const Statement statement(prepared);
    sqlite3_bind_int64(prepared, 1, last_);
    const RowView row(prepared);
    for (;;) {
      const int stepped = sqlite3_step(prepared);
      if (stepped != SQLITE_ROW) {
        if (stepped != SQLITE_DONE && !is_damage(stepped)) return error();
        broken_ = stepped != SQLITE_DONE;
        return hand_over();
      }
      if (!descending(sql)) last_ = row.integer(kSeq);
      if (row.is_block()) {
        totals_.damaged += read_block(row, rows_);
      } else if (!read_event(row, rows_)) {
        ++totals_.damaged;
      }
      std::size_t bytes = 0;
      for (const OldRow& old : rows_) bytes += old.event.bytes();
      if (rows_.size() >= kRowsAtATime || bytes >= kBytesAtATime) {
        if (auto taken = hand_over(); !taken) return taken;
      }
    }
  }
  [[nodiscard]] static bool descending(std::string_view sql) noexcept {
    return sql.ends_with("DESC");
  }
  StoreResult hand_over() {
    if (rows_.empty()) return {};
    auto taken = take_(rows_);
    totals_.rows += rows_.size();
    rows_.clear();
    return taken;
  }

  const std::string path_;
  const TakeOldRows& take_;
  Database database_;
  std::vector<OldRow> rows_;
  OldTotals totals_;
  std::int64_t last_ = std::numeric_limits<std::int64_t>::min();
  bool broken_ = false;  // the last walk met pages that are not what was written
};

}  // namespace

IoResult<bool> is_old_database(const std::string& path, FileSystem& files) {
  const auto file = files.open(path, FileSystem::Mode::read);
  if (!file) return {boost::system::in_place_error, file.error()};
  if (is_ours(**file, 0)) return true;
  const auto log = files.open(path + "-wal", FileSystem::Mode::read);
  return log && is_ours(**log, kPageInLog);
}

StoreOutcome<OldTotals> read_old_database(const std::string& path, StoreKind kind,
                                          const TakeOldRows& take) {
  return OldDatabase(path, take).read(kind);
}

}  // namespace gateway::egress
