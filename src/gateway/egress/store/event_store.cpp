#include "gateway/egress/store/event_store.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <climits>
#include <filesystem>
#include <limits>
#include <new>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "gateway/egress/store/old_database.hpp"
#include "gateway/egress/store/store_import.hpp"

namespace gateway::egress {
namespace {

namespace fs = std::filesystem;
namespace errc = boost::system::errc;

using boost::system::error_code;

using Kind = StoreError::Kind;

// Files whose removed events are taken from them at a look. Each is read for it: some 10 ms.
constexpr std::size_t kPunchedBusy = 4;
constexpr std::size_t kPunchedIdle = 32;

// Absolute, so that a change of directory is harmless.
std::string absolute(const std::string& path) {
  std::error_code error;
  return fs::absolute(path, error).lexically_normal().string();
}

}  // namespace

void throw_exception_from_error(const StoreError& error,
                                const boost::source_location& /*location*/) {
  throw std::runtime_error(error.text());
}

EventStore::EventStore(std::string path, std::uint64_t max_bytes, StoreKind kind, FileSystem& files)
    : path_(std::move(path)),
      max_bytes_(max_bytes),
      kind_(kind),
      files_(files),
      segments_(files, path_, kind) {}

EventStore::~EventStore() {
  if (!lock_ || !lock_->holds()) return;
  try {
    segments_.close();
    static_cast<void>(sync_marks());
  } catch (const std::bad_alloc&) {  // NOLINT(bugprone-empty-catch)
    // A segment is scanned when it is opened again, and some events are sent once more.
  }
}

// --- Opening

StoreResult EventStore::check_path(const std::string& path, FileSystem& files) {
  const auto in_the_way = [&](std::string_view text) {
    return path_error(Kind::unusable, path, text);
  };
  const auto unless_missing = [&](const error_code& error, std::string_view what) -> StoreResult {
    if (error == errc::no_such_file_or_directory) return {};
    return in_the_way(fmt::format("{}{}", what, error.message()));
  };
  const std::size_t longest =
      segment_name(fs::path(path).filename().string(), 1, kSegmentSuffix).size();
  if (longest > NAME_MAX) {
    return in_the_way(
        fmt::format("its name is too long: with what is added to it for the files of the store it "
                    "has {} bytes, and may have {}",
                    longest, NAME_MAX));
  }
  const std::string folder = fs::path(absolute(path)).parent_path().string();
  if (const auto names = files.list(folder); !names) {
    return unless_missing(names.error(), fmt::format("the folder {} cannot be read: ", folder));
  }
  const auto status = files.status(path);
  if (!status) return unless_missing(status.error(), "");
  if (!status->regular) return in_the_way("is not a file; name a path where there is nothing");
  if (status->size == 0) return {};
  const auto of_earlier_version = is_old_database(path, files);
  if (!of_earlier_version) return unless_missing(of_earlier_version.error(), "");
  if (*of_earlier_version) return {};
  return in_the_way(
      "holds something else, which is left as it is; name a path where there is nothing");
}

StoreOutcome<std::unique_ptr<EventStore>> EventStore::open(const std::string& path,
                                                           std::uint64_t max_bytes, StoreKind kind,
                                                           FileSystem& files) {
  const std::string at = absolute(path);
  if (auto free = check_path(at, files); !free) return free.error();
  std::unique_ptr<EventStore> store(new EventStore(at, max_bytes, kind, files));
  StoreResult done = store->take_lock();
  if (done) done = store->take_over_old_files();
  if (done) done = store->segments_.open(Access::own);
  if (done) {
    store->segments_.finish();
    return store;
  }
  // Whatever is in the way of opening is for people to look at, but for a full or busy device.
  const StoreError& failure = done.error();
  if (failure.kind() == Kind::failing) return StoreError(Kind::unusable, failure.text());
  return failure;
}

EventStore::Opening EventStore::opening() const {
  return [path = path_, max_bytes = max_bytes_, kind = kind_, &files = files_] {
    return open(path, max_bytes, kind, files);
  };
}

StoreOutcome<std::unique_ptr<EventStore>> EventStore::open_for_tools(const std::string& path,
                                                                     StoreKind kind, Access access,
                                                                     FileSystem& files) {
  const std::string at = absolute(path);
  if (auto free = check_path(at, files); !free) return free.error();
  std::unique_ptr<EventStore> store(new EventStore(at, 0, kind, files));
  if (auto opened = store->segments_.open(access); !opened) return opened.error();
  if (const auto status = files.status(at); status && status->size != 0) {
    return path_error(Kind::unusable, at,
                      "is of an earlier version; `cos-gateway run` takes its events over");
  }
  return store;
}

bool EventStore::exists(const std::string& path, FileSystem& files) {
  const std::string at = absolute(path);
  if (files.status(at)) return true;
  const auto segments = segment_files(files, at);
  return segments && !segments->empty();
}

StoreResult EventStore::take_lock() {
  auto lock = StoreLock::take(files_, path_);
  if (!lock) return lock.error();
  lock_.emplace(std::move(*lock));
  return {};
}

StoreResult EventStore::try_own() {
  if (owned()) return {};
  if (auto taken = take_lock(); !taken) {
    if (taken.error().kind() == Kind::in_use) segments_.is_owned_by_another();
    return taken;
  }
  if (auto read = segments_.open(Access::own, true); !read) {
    lock_.reset();
    return read;
  }
  segments_.finish();
  ++reread_;
  return {};
}

// Somebody who removes the lock lets another process in, which finds what was written until then
// and nothing that is written now.
StoreResult EventStore::check_lock() {
  if (lock_ && lock_->holds()) return {};
  segments_.let_go();
  lock_.reset();
  return path_error(Kind::failing, path_,
                    "its lock was removed or replaced; it is taken again, and the files read anew");
}

// Owns the store, also if its lock has been removed since.
StoreResult EventStore::own_again() {
  static_cast<void>(check_lock());
  return try_own();
}

StoreResult EventStore::take_over_old_files() {
  StoreImport import(files_, path_, kind_);
  const auto taken = import.run();
  if (!taken) return taken.error();
  taken_over_ = *taken;
  return {};
}

// --- Appending

StoreResult EventStore::append(std::span<const StoredEvent> events, WallInstant added) {
  if (events.empty()) return {};
  if (auto own = try_own(); !own) return own;
  std::uint64_t bytes = 0;
  for (const StoredEvent& event : events) bytes += event.bytes();
  const auto write = [&](std::string& records, Sequence first) {
    for (Sequence seq = first; const StoredEvent& event : events) {
      append_record(records, event, seq++, first, added);
    }
  };
  auto appended = segments_.append(write, events.size(), bytes, max_bytes_);
  if (!appended) return appended;
  return check_lock();
}

StoreResult EventStore::probe() {
  if (auto own = own_again(); !own) return own;
  return segments_.probe(max_bytes_);
}

// --- Reading

StoreResult EventStore::read_spooled(Sequence after, const IsWanted& wanted, std::size_t max_rows,
                                     std::size_t max_bytes, SpooledChunk& chunk) {
  chunk.rows.clear(std::numeric_limits<std::size_t>::max());
  chunk.damaged.clear();
  std::size_t passed_over = 0;
  const auto end = segments_.walk(after, chunk.last, [&](const auto& record, std::uint32_t) {
    if (!wanted(record)) return ++passed_over < kMostPassedOver;
    if (record.intact) {
      chunk.rows.add(record.seq, record.added, json_of(record.payload));
    } else {
      chunk.damaged.push_back(record.seq);
    }
    return chunk.rows.size() + chunk.damaged.size() < max_rows && chunk.rows.bytes() < max_bytes;
  });
  chunk.end = end && *end;
  if (!end) return end.error();
  return {};
}

// --- Marking

StoreError EventStore::may_not_be_written() const {
  return path_error(Kind::unusable, path_,
                    "files of it cannot be written; see their owner and rights, and the device");
}

StoreOutcome<std::uint64_t> EventStore::remove(std::span<const Sequence> rows) {
  std::vector<Sequence> unwritable;
  auto removed = remove(rows, unwritable);
  if (removed && !unwritable.empty()) return may_not_be_written();
  return removed;
}

StoreOutcome<std::uint64_t> EventStore::remove(std::span<const Sequence> rows,
                                               std::vector<Sequence>& unwritable) {
  auto removed = segments_.mark(rows, kRemoved, unwritable);
  if (!removed || !owned()) return removed;
  segments_.delete_drained(false);
  return removed;
}

StoreResult EventStore::mark_replayed(std::span<const Sequence> rows, WallInstant when) {
  std::vector<Sequence> unwritable;
  const auto marked = segments_.mark(rows, replayed_mark(when), unwritable);
  if (!marked) return marked.error();
  if (!unwritable.empty()) return may_not_be_written();
  return {};
}

StoreResult EventStore::look(bool idle) {
  if (auto own = own_again(); !own) {
    // What another process owns is its business.
    if (own.error().kind() != Kind::in_use) static_cast<void>(segments_.look());
    return own;
  }
  if (auto looked = segments_.look(); !looked) return looked;
  if (auto looked = segments_.look_for_others(); !looked) return looked;
  segments_.give_space_back(idle ? kPunchedIdle : kPunchedBusy);
  segments_.delete_drained(idle);
  return {};
}

}  // namespace gateway::egress
