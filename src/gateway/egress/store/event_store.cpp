#include "gateway/egress/store/event_store.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <filesystem>
#include <new>
#include <system_error>
#include <utility>

#include "gateway/egress/store/old_database.hpp"
#include "gateway/egress/store/row_contents.hpp"
#include "gateway/egress/store/store_import.hpp"

namespace gateway::egress {
namespace {

namespace fs = std::filesystem;
namespace errc = boost::system::errc;

using Kind = StoreError::Kind;

// Large enough that making one costs little, small enough that space comes back soon.
constexpr std::uint64_t kLargestSegment = std::uint64_t{16} << 20;
constexpr std::uint64_t kSmallestSegment = std::uint64_t{128} << 10;
constexpr std::uint64_t kSegmentsInStore = 8;
// An event is not smaller than about 1 KiB as a rule; more of smaller ones make another segment.
constexpr std::uint64_t kBytesOfEvent = 1 << 10;
constexpr std::size_t kMostOpen = 8;
constexpr std::size_t kMarksAtATime = 2048;
// Passed over by a filter in one go: a few milliseconds' worth.
constexpr std::size_t kMostPassedOver = 5000;
// What has to be there for a device to count as not full.
constexpr std::uint64_t kProbeBytes = 64 << 10;
// Numbers that a file which cannot be read may have used.
constexpr Sequence kUnknownNumbers = 1 << 20;

bool is_gone(const boost::system::error_code& error) noexcept {
  return error == errc::no_such_file_or_directory || error.value() == ESTALE;
}

StoreError path_error(Kind kind, const std::string& path, std::string_view text) {
  return {kind, fmt::format("{}: {}", path, text)};
}

}  // namespace

void throw_exception_from_error(const StoreError& error,
                                const boost::source_location& /*location*/) {
  throw std::runtime_error(error.text());
}

EventStore::EventStore(std::string path, std::uint64_t max_bytes, StoreKind kind, FileSystem& files)
    : path_(std::move(path)), max_bytes_(max_bytes), kind_(kind), files_(files) {}

EventStore::~EventStore() {
  if (!owned()) return;
  try {
    close_active();
    static_cast<void>(sync_marks());
  } catch (const std::bad_alloc&) {
    // A segment is scanned when it is opened again, and some events are sent once more.
  }
}

StoreError EventStore::error_at(const std::string& path,
                                const boost::system::error_code& error) const {
  const bool full = error == errc::no_space_on_device || error.value() == EDQUOT;
  return path_error(full ? Kind::full : Kind::failing, path, error.message());
}

// --- Opening

StoreResult EventStore::check_path(const std::string& path, FileSystem& files) {
  const auto status = files.status(path);
  if (!status) {
    if (status.error() == errc::no_such_file_or_directory) return {};
    return path_error(Kind::unusable, path, status.error().message());
  }
  if (status->regular && (status->size == 0 || is_old_database(path, files))) return {};
  return path_error(Kind::unusable, path,
                    status->regular ? "holds something else, which is left as it is; name a path "
                                      "where there is nothing"
                                    : "is not a file; name a path where there is nothing");
}

StoreOutcome<std::unique_ptr<EventStore>> EventStore::open(const std::string& path,
                                                           std::uint64_t max_bytes, StoreKind kind,
                                                           FileSystem& files) {
  std::error_code error;
  // Absolute, so that a change of directory is harmless.
  const std::string absolute = fs::absolute(path, error).lexically_normal().string();
  if (auto free = check_path(absolute, files); !free) return free.error();
  std::unique_ptr<EventStore> store(new EventStore(absolute, max_bytes, kind, files));
  for (const auto step : {&EventStore::take_lock, &EventStore::take_over_old_files,
                          &EventStore::open_segments, &EventStore::finish_segments}) {
    if (const auto done = (*store.*step)(); !done) {
      // Whatever is in the way of opening is for people to look at, but for a full or busy device.
      const StoreError& failure = done.error();
      if (failure.kind() == Kind::failing) return StoreError(Kind::unusable, failure.text());
      return failure;
    }
  }
  return store;
}

EventStore::Opening EventStore::opening() const {
  return [path = path_, max_bytes = max_bytes_, kind = kind_, &files = files_] {
    return open(path, max_bytes, kind, files);
  };
}

StoreOutcome<std::unique_ptr<EventStore>> EventStore::open_for_tools(const std::string& path,
                                                                     StoreKind kind,
                                                                     FileSystem& files) {
  std::error_code error;
  const std::string absolute = fs::absolute(path, error).lexically_normal().string();
  if (auto free = check_path(absolute, files); !free) return free.error();
  std::unique_ptr<EventStore> store(new EventStore(absolute, 0, kind, files));
  if (auto opened = store->open_segments(); !opened) return opened.error();
  if (const auto status = files.status(absolute); status && status->size != 0) {
    return path_error(Kind::unusable, absolute,
                      "is of an earlier version; `cos-gateway run` takes its events over");
  }
  return store;
}

bool EventStore::exists(const std::string& path, FileSystem& files) {
  std::error_code error;
  const fs::path absolute = fs::absolute(path, error).lexically_normal();
  if (files.status(absolute.string())) return true;
  const auto names = files.list(absolute.parent_path().string());
  return names && std::ranges::any_of(*names, [&](const std::string& name) {
           return number_in(name, absolute.filename().string(), kSegmentSuffix).has_value();
         });
}

bool EventStore::of_earlier_version(const std::string& path, FileSystem& files) {
  return is_old_database(path, files);
}

StoreResult EventStore::try_own() {
  if (owned()) return {};
  return take_lock();
}

// The lock's file holds the process's number, for people; nothing else is ever written over.
StoreResult EventStore::take_lock() {
  constexpr std::size_t kMostDigits = 16;
  const std::string path = path_ + ".lock";
  auto file = files_.open(path, FileSystem::Mode::either);
  if (!file) return path_error(Kind::unusable, path, file.error().message());
  std::string owner(kMostDigits, '\0');
  const auto got = (*file)->read(0, owner);
  owner.resize(got ? *got : 0);
  // A power cut may have left zeros or a part of it.
  constexpr std::string_view kContent("0123456789\n\0", 12);
  const bool ours = owner.size() < kMostDigits && owner.find_first_not_of(kContent) == owner.npos;
  if (!got || !ours) return path_error(Kind::unusable, path, "holds something else");
  if (const auto locked = (*file)->try_lock(); !locked) {
    if (locked.error() != errc::resource_unavailable_try_again) {
      return path_error(Kind::unusable, path, locked.error().message());
    }
    return path_error(Kind::in_use, path,
                      fmt::format("is in use by another process (pid {})",
                                  owner.substr(0, owner.find_first_not_of("0123456789"))));
  }
  // On a full device the lock holds all the same.
  if ((*file)->truncate(0)) static_cast<void>((*file)->write(0, fmt::format("{}\n", getpid())));
  lock_ = std::move(*file);
  return {};
}

StoreResult EventStore::take_over_old_files() {
  StoreImport import(files_, path_, kind_);
  const auto taken = import.run();
  if (!taken) return taken.error();
  taken_over_ = *taken;
  return {};
}

StoreResult EventStore::open_segments() {
  const fs::path path(path_);
  const auto names = files_.list(path.parent_path().string());
  if (!names) return error_at(path.parent_path().string(), names.error());
  for (const std::string& name : *names) {
    const auto number = number_in(name, path.filename().string(), kSegmentSuffix);
    if (!number) continue;
    auto segment = Segment::open(files_, path.parent_path().string() + '/' + name);
    if (!segment) {
      if (is_gone(segment.error())) continue;  // deleted by its owner meanwhile
      return error_at(name, segment.error());
    }
    if (!*segment) {
      ++unreadable_files_;
      last_seq_ = std::max(last_seq_, *number + kUnknownNumbers);
      continue;
    }
    if ((*segment)->identity().kind != kind_) {
      return path_error(Kind::unusable, path_,
                        kind_ == StoreKind::spool ? "it holds dead letters, not a spool"
                                                  : "it holds a spool, not dead letters");
    }
    (*segment)->rest();
    last_seq_ = std::max(last_seq_, (*segment)->behind() - 1);
    segments_.push_back(std::move(*segment));
  }
  std::ranges::sort(segments_, {}, &Segment::first);
  return {};
}

// Of an owner before it: what that could not finish.
StoreResult EventStore::finish_segments() {
  for (const auto& segment : segments_) {
    if (segment->sealed()) continue;
    if (!segment->torn().empty()) {
      const auto marked = segment->mark(segment->torn(), kRemoved);
      if (!marked) return error_at(segment->path(), marked.error());
    }
    // On a full or failing device it will be scanned again next time.
    static_cast<void>(segment->seal());
    segment->rest();
  }
  return delete_drained(true);
}

// --- Appending

std::string EventStore::segment_path(Sequence first) const {
  return segment_name(path_, first, kSegmentSuffix);
}

std::uint64_t EventStore::bytes_on_disk() const noexcept {
  std::uint64_t bytes = 0;
  for (const auto& segment : segments_) bytes += segment->size();
  return bytes;
}

void EventStore::close_active() {
  if (active_ == nullptr) return;
  Segment& segment = *std::exchange(active_, nullptr);
  if (segment.totals().count == 0) {
    static_cast<void>(files_.remove(segment.path()));
    drop(segment, false);
    return;
  }
  static_cast<void>(segment.seal());  // else it is scanned when it is opened again
}

// Makes sure that the active segment takes so much.
StoreResult EventStore::make_room(std::size_t rows, std::size_t bytes) {
  if (!owned()) {
    if (auto taken = take_lock(); !taken) return taken;
  }
  const std::uint64_t target =
      std::clamp(max_bytes_ / kSegmentsInStore, kSmallestSegment, kLargestSegment);
  const bool fits = active_ != nullptr && active_->takes(rows) &&
                    (active_->size() + bytes <= target || active_->totals().count == 0);
  Segment::Identity identity;
  identity.kind = kind_;
  identity.capacity =
      static_cast<std::uint32_t>(std::max<std::uint64_t>(target / kBytesOfEvent, rows));
  const std::uint64_t needed = bytes + (fits ? 0 : Segment::head_size(identity.capacity));
  if (bytes_on_disk() + needed > max_bytes_) {
    return path_error(Kind::full, path_, "the store is full (max_bytes)");
  }
  if (fits) return {};
  close_active();
  identity.first = last_seq_ + 1;
  auto made = Segment::create(files_, segment_path(identity.first), identity, target);
  if (!made && made.error() == errc::file_exists) {
    // Somebody put it there: numbers are plenty.
    identity.first += kUnknownNumbers;
    made = Segment::create(files_, segment_path(identity.first), identity, target);
  }
  if (!made) return error_at(segment_path(identity.first), made.error());
  last_seq_ = identity.first - 1;
  segments_.push_back(std::move(*made));
  active_ = segments_.back().get();
  return {};
}

StoreResult EventStore::append(std::span<const StoredEvent> events, WallInstant added) {
  if (events.empty()) return {};
  buffer_.clear();
  std::uint64_t bytes = 0;
  // The numbers may turn out to be others: a head is of fixed size, and small beside its event.
  const auto write = [&](Sequence first) {
    buffer_.clear();
    Sequence seq = first;
    for (const StoredEvent& event : events) append_record(buffer_, event, seq++, first, added);
  };
  for (const StoredEvent& event : events) bytes += event.bytes();
  Sequence first = last_seq_ + 1;
  write(first);
  if (auto made = make_room(events.size(), buffer_.size()); !made) return made;
  if (first != last_seq_ + 1) write(first = last_seq_ + 1);
  const auto count = static_cast<Sequence>(events.size());
  const auto appended = active_->append(buffer_, count, bytes, added);
  constexpr std::size_t kMostKept = std::size_t{1} << 20;
  if (buffer_.capacity() > kMostKept) buffer_ = std::string();
  // Also after an error: the device may have them.
  last_seq_ += count;
  if (!appended) {
    const StoreError error = error_at(active_->path(), appended.error());
    close_active();
    return error;
  }
  return check_active();
}

// What is not at its path any more will not be found by the next process: it must not be
// acknowledged.
StoreResult EventStore::check_active() {
  const auto presence = active_->look();
  if (!presence) return error_at(active_->path(), presence.error());
  if (*presence != Segment::Presence::gone) return {};
  const std::string path = active_->path();
  drop(*active_, true);
  return path_error(Kind::failing, path,
                    "was removed, moved or cut by somebody; a new one is begun");
}

StoreResult EventStore::probe() {
  if (auto made = make_room(1, kProbeBytes); !made) return made;
  if (const auto probed = active_->probe(kProbeBytes); !probed) {
    const StoreError error = error_at(active_->path(), probed.error());
    if (active_->totals().count != 0) close_active();
    return error;
  }
  return check_active();
}

// --- Reading

Segment* EventStore::segment_of(Sequence seq) noexcept {
  const auto behind = std::ranges::upper_bound(segments_, seq, {}, &Segment::first);
  if (behind == segments_.begin()) return nullptr;
  Segment& segment = **std::prev(behind);
  return seq < segment.behind() ? &segment : nullptr;
}

void EventStore::keep_few_open(Segment& used) {
  std::erase(open_, &used);
  open_.push_back(&used);
  if (open_.size() <= kMostOpen) return;
  if (open_.front() != active_) open_.front()->rest();
  open_.erase(open_.begin());
}

void EventStore::drop(const Segment& segment, bool vanished) {
  if (vanished) {
    vanished_rows_ += static_cast<std::uint64_t>(segment.totals().count - segment.totals().removed);
  }
  if (active_ == &segment) active_ = nullptr;
  std::erase(open_, &segment);
  std::erase_if(segments_, [&](const auto& each) { return each.get() == &segment; });
  oldest_.reset();
}

StoreOutcome<bool> EventStore::walk(Segment& segment, Sequence& last, const Visit& visit) {
  keep_few_open(segment);
  const Sequence from = std::max(last + 1, segment.first());
  auto reader = segment.records(from);
  if (!reader) return error_at(segment.path(), reader.error());
  std::vector<std::uint32_t> marks;
  Sequence marks_from = from;
  RecordReader::Record record;
  for (;;) {
    const auto read = reader->next(record);
    if (!read) return error_at(segment.path(), read.error());
    if (record.seq == 0) break;
    if (record.seq >= marks_from + static_cast<Sequence>(marks.size())) {
      marks_from = record.seq;
      const auto left = static_cast<std::size_t>(segment.behind() - record.seq);
      auto next = segment.marks(record.seq, std::min(left, kMarksAtATime));
      if (!next) return error_at(segment.path(), next.error());
      marks = std::move(*next);
    }
    last = record.seq;
    if (record.intact) segment.note_offset(record.seq, record.offset);
    const std::uint32_t mark = marks[static_cast<std::size_t>(record.seq - marks_from)];
    if (mark == kRemoved) continue;
    if (!record.intact && std::ranges::binary_search(segment.torn(), record.seq)) continue;
    if (!visit(record, mark)) return false;
  }
  last = std::max(last, segment.behind() - 1);
  return true;
}

// True: it went through all there is.
StoreOutcome<bool> EventStore::walk(Sequence after, Sequence& last, const Visit& visit) {
  last = after;
  for (std::size_t i = 0; i < segments_.size();) {
    Segment& segment = *segments_[i];
    if (segment.behind() <= last + 1 || segment.drained()) {
      ++i;
      continue;
    }
    const auto through = walk(segment, last, visit);
    if (through) {
      if (!*through) return false;
      ++i;
      continue;
    }
    const auto presence = segment.look();
    if (!presence || *presence != Segment::Presence::gone) return through.error();
    drop(segment, owned());
  }
  return true;
}

StoreResult EventStore::visit_rows(std::span<const Sequence> rows, Sequence& last,
                                   const Visit& visit) {
  bool enough = false;
  for (std::size_t i = 0; i < rows.size() && !enough;) {
    last = rows[i];
    Segment* const segment = segment_of(rows[i]);
    if (segment == nullptr) {
      ++i;
      continue;
    }
    // Rows near each other are read in one go.
    constexpr Sequence kNear = 64;
    std::size_t n = i + 1;
    while (n < rows.size() && rows[n] < segment->behind() && rows[n] - rows[n - 1] <= kNear) ++n;
    const auto wanted = rows.subspan(i, n - i);
    Sequence at = wanted.front() - 1;
    const auto through = walk(*segment, at, [&](const auto& record, std::uint32_t mark) {
      if (!std::ranges::binary_search(wanted, record.seq)) return record.seq < wanted.back();
      last = record.seq;
      enough = !visit(record, mark);
      return !enough && record.seq < wanted.back();
    });
    if (!through) return through.error();
    if (!enough) last = wanted.back();
    i = n;
  }
  return {};
}

StoreOutcome<StoredChunk> EventStore::select(const StoreFilter& filter, Sequence after,
                                             std::size_t max_rows, std::size_t max_bytes) {
  StoredChunk chunk;
  RowContents contents;
  std::size_t bytes = 0;
  std::size_t passed_over = 0;
  const auto end = walk(after, chunk.last, [&](const auto& record, std::uint32_t mark) {
    StoredRow row;
    switch (contents.read(record, mark, filter, row)) {
      case RowContents::Verdict::wanted:
        bytes += row.event.bytes();
        chunk.rows.push_back(std::move(row));
        break;
      case RowContents::Verdict::damaged:
        chunk.damaged.push_back(record.seq);
        break;
      case RowContents::Verdict::unwanted:
        ++passed_over;
    }
    return chunk.rows.size() + chunk.damaged.size() < max_rows && bytes < max_bytes &&
           passed_over < kMostPassedOver;
  });
  if (!end) return end.error();
  chunk.end = *end;
  return chunk;
}

StoreOutcome<StoredChunk> EventStore::read_rows(std::span<const Sequence> rows,
                                                std::size_t max_bytes) {
  StoredChunk chunk;
  RowContents contents;
  std::size_t bytes = 0;
  const auto read = visit_rows(rows, chunk.last, [&](const auto& record, std::uint32_t mark) {
    StoredRow row;
    if (contents.read(record, mark, StoreFilter(), row) == RowContents::Verdict::wanted) {
      bytes += row.event.bytes();
      chunk.rows.push_back(std::move(row));
    } else {
      chunk.damaged.push_back(record.seq);
    }
    return bytes < max_bytes;
  });
  if (!read) return read.error();
  return chunk;
}

namespace {

// Adds a record to a chunk.
void take_into(SpooledChunk& chunk, const RecordReader::Record& record) {
  if (record.intact) {
    chunk.rows.add(record.seq, record.added, json_of(record.payload));
  } else {
    chunk.damaged.push_back(record.seq);
  }
}

void clear(SpooledChunk& chunk) {
  chunk.rows.clear(std::numeric_limits<std::size_t>::max());
  chunk.damaged.clear();
  chunk.last = 0;
  chunk.end = false;
}

}  // namespace

StoreResult EventStore::read_spooled(Sequence after, const IsWanted& wanted, std::size_t max_rows,
                                     std::size_t max_bytes, SpooledChunk& chunk) {
  clear(chunk);
  std::size_t passed_over = 0;
  const auto end = walk(after, chunk.last, [&](const auto& record, std::uint32_t) {
    if (record.intact && !wanted(target_of(record.payload))) {
      return ++passed_over < kMostPassedOver;
    }
    take_into(chunk, record);
    return chunk.rows.size() < max_rows && chunk.rows.bytes() < max_bytes;
  });
  if (!end) return end.error();
  chunk.end = *end;
  return {};
}

StoreResult EventStore::read_spooled(std::span<const Sequence> rows, std::size_t max_bytes,
                                     SpooledChunk& chunk) {
  clear(chunk);
  return visit_rows(rows, chunk.last, [&](const auto& record, std::uint32_t) {
    take_into(chunk, record);
    return chunk.rows.bytes() < max_bytes;
  });
}

// --- Marking

StoreOutcome<std::uint64_t> EventStore::mark(std::span<const Sequence> rows, std::uint32_t value) {
  std::uint64_t removed = 0;
  for (std::size_t i = 0; i < rows.size();) {
    Segment* const segment = segment_of(rows[i]);
    std::size_t n = i + 1;
    if (segment != nullptr) {
      while (n < rows.size() && rows[n] < segment->behind()) ++n;
      keep_few_open(*segment);
      const auto marked = segment->mark(rows.subspan(i, n - i), value);
      if (!marked) {
        const auto presence = segment->look();
        if (!presence || *presence != Segment::Presence::gone) {
          return error_at(segment->path(), marked.error());
        }
        drop(*segment, owned());
      } else {
        removed += *marked;
      }
    }
    i = n;
  }
  if (oldest_ && !rows.empty() && rows.front() <= oldest_->first) oldest_.reset();
  return removed;
}

StoreOutcome<std::uint64_t> EventStore::remove(std::span<const Sequence> rows) {
  const auto removed = mark(rows, kRemoved);
  if (!removed || !owned()) return removed;
  if (const auto deleted = delete_drained(false); !deleted) return deleted.error();
  return removed;
}

StoreResult EventStore::mark_replayed(std::span<const Sequence> rows, WallInstant when) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(when.time_since_epoch()).count();
  const auto marked = mark(rows, static_cast<std::uint32_t>(std::max<std::int64_t>(seconds, 2)));
  if (!marked) return marked.error();
  return {};
}

bool EventStore::has_unsynced_marks() const noexcept {
  return std::ranges::any_of(segments_,
                             [](const auto& segment) { return segment->has_unsynced_marks(); });
}

StoreResult EventStore::sync_marks() {
  for (const auto& segment : segments_) {
    if (!segment->has_unsynced_marks()) continue;
    keep_few_open(*segment);
    if (const auto synced = segment->sync_marks(); !synced) {
      return error_at(segment->path(), synced.error());
    }
  }
  return {};
}

// A crash of the machine may bring a deleted file back: what it says then must be that all of it
// has been removed.
StoreResult EventStore::delete_drained(bool active_too) {
  for (std::size_t i = 0; i < segments_.size();) {
    Segment& segment = *segments_[i];
    if (!segment.drained() || (&segment == active_ && !active_too)) {
      ++i;
      continue;
    }
    if (segment.has_unsynced_marks()) {
      if (const auto synced = segment.sync_marks(); !synced) {
        return error_at(segment.path(), synced.error());
      }
    }
    const auto removed = files_.remove(segment.path());
    if (!removed && !is_gone(removed.error())) return error_at(segment.path(), removed.error());
    drop(segment, false);
  }
  return {};
}

// --- Looking

StoreTotals EventStore::totals() const noexcept {
  StoreTotals all;
  for (const auto& segment : segments_) {
    all.rows += static_cast<std::uint64_t>(segment->totals().count - segment->totals().removed);
    all.bytes += segment->live_bytes();
  }
  return all;
}

StoreOutcome<std::optional<WallInstant>> EventStore::oldest() {
  if (!oldest_) {
    Sequence last = 0;
    const auto end = walk(0, last, [this](const auto& record, std::uint32_t) {
      oldest_.emplace(record.seq, record.added);
      return !record.intact;
    });
    if (!end) return end.error();
  }
  if (!oldest_) return std::optional<WallInstant>();
  return std::optional<WallInstant>(oldest_->second);
}

StoreResult EventStore::look(bool idle) {
  for (std::size_t i = 0; i < segments_.size();) {
    Segment& segment = *segments_[i];
    const auto presence = segment.look();
    if (!presence) return error_at(segment.path(), presence.error());
    if (*presence == Segment::Presence::gone) {
      drop(segment, true);
      continue;
    }
    if (*presence == Segment::Presence::marked) {
      keep_few_open(segment);
      if (const auto counted = segment.count_marks(); !counted) {
        return error_at(segment.path(), counted.error());
      }
      oldest_.reset();
    }
    ++i;
  }
  if (owned()) {
    const auto held = lock_->status();
    const auto at_path = files_.status(path_ + ".lock");
    // Somebody removed it: another process may own the store by now.
    if (!held || !at_path || !held->same_file(*at_path)) lock_.reset();
  }
  if (!owned()) {
    if (auto taken = take_lock(); !taken) return taken;
  }
  return delete_drained(idle);
}

}  // namespace gateway::egress
