#include "gateway/egress/store/event_store.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <sqlite3.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <system_error>
#include <utility>

#include "gateway/egress/store/damaged_file.hpp"
#include "gateway/egress/store/store_database.hpp"

namespace gateway::egress {
namespace {

namespace fs = std::filesystem;

using Kind = StoreError::Kind;

constexpr std::string_view kCompanions[] = {"", "-wal", "-shm"};
// Of a step of the salvage, for which new events wait.
constexpr std::size_t kSalvagedRows = 512;
constexpr std::size_t kSalvagedBytes = std::size_t{512} << 10;

// Errors that speak of the device, of rights or of other programs; all others of SQLite mean that
// the file is not what was written, as the statements here are always the same.
Kind kind_of(const sqlite::Error& error) noexcept {
  if (error.system_error() == ENOSPC || error.system_error() == EDQUOT) return Kind::full;
  switch (error.code()) {
    case SQLITE_FULL:
      return Kind::full;
    case SQLITE_IOERR:
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_PROTOCOL:
    case SQLITE_NOMEM:
    case SQLITE_NOLFS:
    case SQLITE_INTERRUPT:
      return Kind::failing;
    default:
      return Kind::damaged;
  }
}

std::string name_aside(const std::string& path) {
  const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  const std::string name = fmt::format("{}.damaged-{:%Y%m%dT%H%M%SZ}", path,
                                       fmt::gmtime(std::chrono::system_clock::to_time_t(now)));
  std::string candidate = name;
  std::error_code error;
  for (int n = 2; fs::exists(candidate, error); ++n) candidate = fmt::format("{}-{}", name, n);
  return candidate;
}

}  // namespace

void throw_exception_from_error(const StoreError& error,
                                const boost::source_location& /*location*/) {
  throw std::runtime_error(error.text());
}

EventStore::EventStore(std::string path, std::uint64_t max_bytes, StoreKind kind, Role role)
    : path_(std::move(path)), max_bytes_(max_bytes), kind_(kind), role_(role) {}

EventStore::~EventStore() = default;

StoreOutcome<std::unique_ptr<EventStore>> EventStore::open(const std::string& path,
                                                           std::uint64_t max_bytes,
                                                           StoreKind kind) {
  std::error_code error;
  // Absolute, so that SQLite takes no name for a special one and a change of directory is harmless.
  const std::string absolute = fs::absolute(path, error).string();
  auto lock = FileLock::take(absolute + ".lock");
  if (!lock) return lock.error();
  std::unique_ptr<EventStore> store(new EventStore(absolute, max_bytes, kind, Role::owner));
  store->lock_.emplace(std::move(*lock));
  const auto started = store->start();
  if (!started) return started.error();
  return store;
}

StoreOutcome<std::unique_ptr<EventStore>> EventStore::open_for_tools(const std::string& path,
                                                                     StoreKind kind) {
  std::error_code error;
  const std::string absolute = fs::absolute(path, error).string();
  std::unique_ptr<EventStore> store(new EventStore(absolute, 0, kind, Role::tool));
  const auto started = store->start();
  if (!started) return started.error();
  return store;
}

StoreResult EventStore::start() {
  const auto opened = attempt([this] { return connection().last_seq(); });
  if (opened) return {};
  // Whatever is in the way of opening is for people to look at, but for a full or busy device.
  const StoreError& error = opened.error();
  return error.kind() == Kind::failing ? StoreError(Kind::unusable, error.text()) : error;
}

StoreResult EventStore::try_own() {
  if (lock_) return {};
  auto lock = FileLock::take(path_ + ".lock");
  if (!lock) return lock.error();
  lock_.emplace(std::move(*lock));
  return {};
}

StoreDatabase& EventStore::connection() {
  if (!connection_) {
    StoreDatabase::Settings settings;
    settings.path = path_;
    settings.max_bytes = max_bytes_;
    settings.kind = kind_;
    settings.owner = role_ == Role::owner;
    settings.check = !checked_;
    settings.first_seq = last_seq_;
    settings.salvages = salvages_;
    connection_ = std::make_unique<StoreDatabase>(settings);
    // After a sync that failed the kernel may hold pages for written that are not: the log reads
    // well, and what is appended to it is lost with them in a power cut. The database can be
    // trusted, as it is synced after each page has been written to it again.
    if (distrust_log_) connection_->empty_log();
    distrust_log_ = false;
    last_seq_ = std::max(last_seq_, connection_->last_seq());
    checked_ = true;
    if (role_ == Role::owner) catch_up_with_salvages();
  }
  return *connection_;
}

// The database knows which of the rows handed to it before an error it has.
void EventStore::catch_up_with_salvages() {
  const std::string before = salvages_.empty() ? std::string() : salvages_.front().file;
  salvages_ = connection_->salvages();
  if (salvages_.empty() || salvages_.front().file != before) {
    damaged_file_.reset();
    saving_ = {};
  } else if (saving_.last <= salvages_.front().after) {
    saving_ = {};
  }
}

StoreError EventStore::error_of(const std::exception& error) const {
  const auto* of_sqlite = dynamic_cast<const sqlite::Error*>(&error);
  const Kind kind = of_sqlite != nullptr ? kind_of(*of_sqlite) : Kind::unusable;
  return {kind, fmt::format("{}: {}", path_, error.what())};
}

// Runs `call`. If the file turns out to be damaged it is replaced, and the call made once more:
// what was asked for then holds for the new file.
template <class Call>
auto EventStore::attempt(Call call) -> StoreOutcome<decltype(call())> {
  for (bool again = role_ == Role::owner;; again = false) {
    try {
      if constexpr (std::is_void_v<decltype(call())>) {
        call();
        return {};
      } else {
        return call();
      }
    } catch (const sqlite::Error& error) {
      StoreError value = error_of(error);
      // A handle may stay stuck in an error of the device; a new one looks at the file as it is. A
      // full store is no such thing: what was begun has been rolled back.
      if (value.kind() != Kind::full || error.of_device()) connection_.reset();
      distrust_log_ = role_ == Role::owner && (distrust_log_ || error.of_device());
      if (value.kind() != Kind::damaged || !again) return value;
    } catch (const Unusable& error) {
      connection_.reset();
      return error_of(error);
    }
    if (auto replaced = replace_damaged_file(); !replaced) return replaced.error();
  }
}

StoreResult EventStore::replace_damaged_file() {
  const std::string aside = name_aside(path_);
  for (const std::string_view companion : kCompanions) {
    const std::string from = path_ + std::string(companion);
    const std::string to = aside + std::string(companion);
    if (std::rename(from.c_str(), to.c_str()) != 0 && errno != ENOENT) {
      return StoreError(Kind::damaged, fmt::format("{} is damaged and cannot be moved aside: {}",
                                                   from, std::generic_category().message(errno)));
    }
  }
  moved_aside_.push_back(aside);
  salvages_.emplace_back(fs::path(aside).filename().string());
  checked_ = false;
  return {};
}

StoreResult EventStore::append(std::span<const StoredEvent> events, WallInstant added) {
  if (events.empty()) return {};
  return attempt([&] {
    StoreDatabase& database = connection();
    last_seq_ = database.append(events, added);
    ++commits_;
  });
}

StoreOutcome<StoredChunk> EventStore::read(Sequence after, std::size_t max_rows,
                                           std::size_t max_bytes) {
  return select(StoreFilter(), after, max_rows, max_bytes);
}

StoreOutcome<StoredChunk> EventStore::select(const StoreFilter& filter, Sequence after,
                                             std::size_t max_rows, std::size_t max_bytes) {
  return attempt([&] { return connection().select(filter, after, max_rows, max_bytes); });
}

StoreOutcome<StoredChunk> EventStore::read_rows(std::span<const Sequence> rows,
                                                std::size_t max_bytes) {
  return attempt([&] { return connection().read_rows(rows, max_bytes); });
}

StoreResult EventStore::read_spooled(Sequence after, std::size_t max_rows, std::size_t max_bytes,
                                     SpooledChunk& chunk) {
  return attempt([&] { connection().read_spooled(after, max_rows, max_bytes, chunk); });
}

StoreResult EventStore::read_spooled(std::span<const Sequence> rows, std::size_t max_bytes,
                                     SpooledChunk& chunk) {
  return attempt([&] { connection().read_spooled(rows, max_bytes, chunk); });
}

StoreOutcome<StoreTotals> EventStore::remove(std::span<const Sequence> rows) {
  if (!lock_) return StoreError(Kind::in_use, path_ + " belongs to another process");
  if (rows.empty()) return StoreTotals();
  return attempt([&] { return connection().remove(rows); });
}

StoreResult EventStore::mark_replayed(std::span<const Sequence> rows, WallInstant when) {
  if (rows.empty()) return {};
  return attempt([&] { connection().mark_replayed(rows, when); });
}

StoreOutcome<StoreTotals> EventStore::totals() {
  const auto by_reason = totals_by_reason();
  if (!by_reason) return by_reason.error();
  StoreTotals all;
  for (const auto& [reason, totals] : *by_reason) {
    all.rows += totals.rows;
    all.bytes += totals.bytes;
  }
  return all;
}

StoreOutcome<std::map<std::string, StoreTotals>> EventStore::totals_by_reason() {
  return attempt([this] { return connection().totals_by_reason(); });
}

StoreOutcome<std::optional<WallInstant>> EventStore::oldest() {
  return attempt([this] { return connection().oldest(); });
}

StoreOutcome<Sequence> EventStore::last_seq() {
  return attempt([this] { return connection().last_seq(); });
}

StoreResult EventStore::probe() {
  return attempt([this] { connection().probe(); });
}

StoreOutcome<SalvageStep> EventStore::salvage() {
  return attempt([this] {
    SalvageStep step;
    StoreDatabase& database = connection();
    if (salvages_.empty()) return step;
    Salvage progress = salvages_.front();
    if (!damaged_file_) {
      const std::string file = (fs::path(path_).parent_path() / progress.file).string();
      damaged_file_ = std::make_unique<DamagedFile>(file, progress.after);
    }
    if (saving_.rows.empty() && !saving_.end) {
      saving_ = damaged_file_->next(kSalvagedRows, kSalvagedBytes);
    }
    progress.after = saving_.last;
    progress.rows += saving_.rows.size();
    for (const StoredRow& row : saving_.rows) progress.bytes += row.event.bytes();
    database.save(saving_.rows, progress, saving_.end);
    step.rows = saving_.rows.size();
    if (saving_.end) {
      const std::uint64_t held = damaged_file_->bytes_held();
      step.bytes_lost = held - std::min(held, progress.bytes);
      step.finished = std::move(progress);
      damaged_file_.reset();
      salvages_.erase(salvages_.begin());
    } else {
      salvages_.front() = std::move(progress);
    }
    saving_ = {};
    return step;
  });
}

bool EventStore::checkpoint_due() const noexcept {
  return connection_ && connection_->wal_bytes() >= connection_->wal_bound();
}

bool EventStore::checkpoint_possible() const noexcept {
  return connection_ && connection_->wal_bytes() > 0;
}

StoreResult EventStore::checkpoint() {
  return attempt([this] { connection().checkpoint(); });
}

}  // namespace gateway::egress
