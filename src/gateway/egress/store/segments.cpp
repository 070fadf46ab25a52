#include "gateway/egress/store/segments.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>

namespace gateway::egress {
namespace {

namespace errc = boost::system::errc;

using Kind = StoreError::Kind;

// Large enough that making one costs little, small enough that space comes back soon.
constexpr std::uint64_t kLargestSegment = std::uint64_t{16} << 20;
constexpr std::uint64_t kSmallestSegment = std::uint64_t{128} << 10;
constexpr std::uint64_t kSegmentsInStore = 8;
// An event is not smaller than about 1 KiB as a rule; more of smaller ones make another segment.
constexpr std::uint64_t kBytesOfEvent = 1 << 10;
constexpr std::size_t kMostOpen = 8;
constexpr std::size_t kMarksAtATime = 512;
// Memory that is kept to be used again.
constexpr std::size_t kMostKept = std::size_t{1} << 20;
// What has to be there for a device to count as not full.
constexpr std::uint64_t kProbeBytes = 64 << 10;
// Numbers that a file which cannot be read may have used.
constexpr Sequence kUnknownNumbers = 1 << 20;

bool is_gone(const boost::system::error_code& error) noexcept {
  return error == errc::no_such_file_or_directory || error.value() == ESTALE;
}

}  // namespace

StoreError path_error(Kind kind, const std::string& path, std::string_view text) {
  return {kind, fmt::format("{}: {}", path, text)};
}

StoreError error_at(const std::string& path, const boost::system::error_code& error) {
  const bool full =
      error == errc::no_space_on_device || error == errc::file_too_large || error.value() == EDQUOT;
  return path_error(full ? Kind::full : Kind::failing, path, error.message());
}

Segments::Segments(FileSystem& files, std::string path, StoreKind kind, std::string_view suffix)
    : files_(files), path_(std::move(path)), kind_(kind), suffix_(suffix) {}

std::string Segments::path_of(Sequence first) const {
  return segment_name(path_, first, suffix_);
}

// --- Opening

StoreResult Segments::open() {
  const std::filesystem::path path(path_);
  const std::string folder = path.parent_path().string();
  const auto names = files_.list(folder);
  if (!names) return error_at(folder, names.error());
  for (const std::string& name : *names) {
    const auto number = number_in(name, path.filename().string(), suffix_);
    if (!number) continue;
    auto segment = Segment::open(files_, folder + '/' + name);
    if (!segment) {
      if (is_gone(segment.error())) continue;  // deleted by its owner meanwhile
      return error_at(name, segment.error());
    }
    if (!*segment) {
      ++unreadable_files_;
      skip_to(*number + kUnknownNumbers);
      continue;
    }
    if ((*segment)->identity().kind != kind_) return other_kind(path_, kind_);
    (*segment)->rest();
    skip_to((*segment)->behind() - 1);
    segments_.push_back(std::move(*segment));
  }
  std::ranges::sort(segments_, {}, &Segment::first);
  return {};
}

StoreResult Segments::finish() {
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

void Segments::close() {
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
StoreResult Segments::make_room(std::size_t rows, std::size_t bytes, std::uint64_t max_bytes) {
  const std::uint64_t target =
      std::clamp(max_bytes / kSegmentsInStore, kSmallestSegment, kLargestSegment);
  const bool fits = active_ != nullptr && active_->takes(rows) &&
                    (active_->size() + bytes <= target || active_->totals().count == 0);
  Segment::Identity identity;
  identity.kind = kind_;
  identity.capacity =
      static_cast<std::uint32_t>(std::max<std::uint64_t>(target / kBytesOfEvent, rows));
  std::uint64_t needed = bytes + (fits ? 0 : Segment::head_size(identity.capacity));
  for (const auto& segment : segments_) needed += segment->size();
  if (needed > max_bytes) return path_error(Kind::full, path_, "the store is full (max_bytes)");
  if (fits) return {};
  close();
  return begin_next(identity, target);
}

StoreResult Segments::begin_next(Segment::Identity identity, std::uint64_t reserve) {
  identity.first = last_seq_ + 1;
  auto made = Segment::create(files_, path_of(identity.first), identity, reserve);
  if (!made && made.error() == errc::file_exists) {
    // Somebody put it there: numbers are plenty.
    identity.first += kUnknownNumbers;
    made = Segment::create(files_, path_of(identity.first), identity, reserve);
  }
  if (!made) return error_at(path_of(identity.first), made.error());
  last_seq_ = identity.first - 1;
  segments_.push_back(std::move(*made));
  active_ = segments_.back().get();
  return {};
}

StoreResult Segments::append(const Write& write, std::size_t count, std::uint64_t bytes,
                             std::uint64_t max_bytes) {
  const auto write_from = [&](Sequence first) {
    buffer_.clear();
    write(buffer_, first);
    return first;
  };
  Sequence first = write_from(last_seq_ + 1);
  if (auto made = make_room(count, buffer_.size(), max_bytes); !made) return made;
  // The numbers may have turned out to be others; the size is the same.
  if (first != last_seq_ + 1) first = write_from(last_seq_ + 1);
  const auto appended = active_->append(buffer_, static_cast<Sequence>(count), bytes);
  if (buffer_.capacity() > kMostKept) buffer_ = std::string();
  // Also after an error: the device may have them.
  last_seq_ += static_cast<Sequence>(count);
  if (!appended) {
    StoreError error = error_at(active_->path(), appended.error());
    close();
    return error;
  }
  return check_active();
}

// What is not at its path any more will not be found by the next process: it must not be
// acknowledged.
StoreResult Segments::check_active() {
  const auto presence = active_->look();
  if (!presence) return error_at(active_->path(), presence.error());
  if (*presence != Segment::Presence::gone) return {};
  const std::string path = active_->path();
  drop(*active_, true);
  return path_error(Kind::failing, path,
                    "was removed, moved or cut by somebody; a new one is begun");
}

StoreResult Segments::probe(std::uint64_t max_bytes) {
  if (closer_ != nullptr) closer_->finish();  // the space of deleted files may be what is missing
  if (auto made = make_room(1, kProbeBytes, max_bytes); !made) return made;
  if (const auto probed = active_->probe(kProbeBytes); !probed) {
    StoreError error = error_at(active_->path(), probed.error());
    if (active_->totals().count != 0) close();
    return error;
  }
  return check_active();
}

// --- Reading

Segment* Segments::segment_of(Sequence seq) noexcept {
  const auto behind = std::ranges::upper_bound(segments_, seq, {}, &Segment::first);
  if (behind == segments_.begin()) return nullptr;
  Segment& segment = **std::prev(behind);
  return seq < segment.behind() ? &segment : nullptr;
}

void Segments::keep_few_open(Segment& used) {
  std::erase(open_, &used);
  open_.push_back(&used);
  if (open_.size() <= kMostOpen) return;
  if (open_.front() != active_) open_.front()->rest();
  open_.erase(open_.begin());
}

void Segments::drop(const Segment& segment, bool vanished) {
  if (vanished) {
    vanished_rows_ += static_cast<std::uint64_t>(segment.totals().count - segment.totals().removed);
  }
  if (active_ == &segment) active_ = nullptr;
  if (place_.segment == &segment) place_ = Place();
  std::erase(open_, &segment);
  std::erase_if(segments_, [&](const auto& each) { return each.get() == &segment; });
  oldest_.reset();
}

// After a failed call: drops the segment if its file is gone. Anything else is an error.
StoreResult Segments::unless_gone(Segment& segment, const boost::system::error_code& error) {
  const auto presence = segment.look();
  if (!presence || *presence != Segment::Presence::gone) return error_at(segment.path(), error);
  drop(segment, true);
  return {};
}

IoResult<Segments::Walked> Segments::walk(Segment& segment, Sequence& last, const Visit& visit) {
  keep_few_open(segment);
  const Sequence from = std::max(last + 1, segment.first());
  Place place = std::exchange(place_, Place());
  const bool reads_on = place.segment == &segment && place.next == from;
  // Who does not read on is to see what has become of the file.
  if (!reads_on || place.buffer.bytes.capacity() > kMostKept) place.buffer = {};
  auto reader = segment.records(from, reads_on ? place.offset : 0, std::move(place.buffer));
  if (!reader) return reader.error();
  std::vector<std::uint32_t> marks;
  Sequence marks_from = from;
  RecordReader::Record record;
  bool wanted = true;
  while (wanted) {
    const auto read = reader->next(record);
    if (!read) return read.error();
    if (record.seq == 0) {
      last = std::max(last, segment.behind() - 1);
      break;
    }
    if (record.seq >= marks_from + static_cast<Sequence>(marks.size())) {
      marks_from = record.seq;
      const auto left = static_cast<std::size_t>(segment.behind() - record.seq);
      auto next = segment.marks(record.seq, std::min(left, kMarksAtATime));
      if (!next) return next.error();
      marks = std::move(*next);
    }
    last = record.seq;
    if (record.intact) segment.note_offset(record.seq, record.offset);
    const std::uint32_t mark = marks[static_cast<std::size_t>(record.seq - marks_from)];
    if (mark == kRemoved) continue;
    if (!record.intact && std::ranges::binary_search(segment.torn(), record.seq)) continue;
    wanted = visit(record, mark);
  }
  place_ = {&segment, last + 1, reader->end_of_last(), reader->take_buffer()};
  return wanted ? Walked::through : Walked::ended;
}

StoreOutcome<bool> Segments::walk(Sequence after, Sequence& last, const Visit& visit) {
  last = after;
  for (std::size_t i = 0; i < segments_.size();) {
    Segment& segment = *segments_[i];
    if (segment.behind() <= last + 1 || segment.drained()) {
      ++i;
      continue;
    }
    const auto through = walk(segment, last, visit);
    if (!through) {
      if (auto gone = unless_gone(segment, through.error()); !gone) return gone.error();
      continue;
    }
    if (*through == Walked::ended) return false;
    ++i;
  }
  return true;
}

StoreOutcome<std::optional<WallInstant>> Segments::oldest() {
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

StoreTotals Segments::totals() const noexcept {
  StoreTotals all;
  for (const auto& segment : segments_) {
    all.rows += static_cast<std::uint64_t>(segment->totals().count - segment->totals().removed);
    all.bytes += segment->live_bytes();
  }
  return all;
}

// --- Marking

StoreOutcome<std::uint64_t> Segments::mark(std::span<const Sequence> rows, std::uint32_t value) {
  std::uint64_t removed = 0;
  if (oldest_ && !rows.empty() && rows.front() <= oldest_->first) oldest_.reset();
  while (!rows.empty()) {
    Segment* const segment = segment_of(rows.front());
    if (segment == nullptr) {
      rows = rows.subspan(1);
      continue;
    }
    const auto behind = std::ranges::lower_bound(rows, segment->behind());
    const std::span in_segment(rows.begin(), behind);
    rows = rows.subspan(in_segment.size());
    keep_few_open(*segment);
    const auto marked = segment->mark(in_segment, value);
    if (marked) {
      removed += *marked;
    } else if (auto gone = unless_gone(*segment, marked.error()); !gone) {
      return gone.error();
    }
  }
  return removed;
}

bool Segments::has_unsynced_marks() const noexcept {
  return std::ranges::any_of(segments_,
                             [](const auto& segment) { return segment->has_unsynced_marks(); });
}

StoreResult Segments::sync_marks() {
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
StoreResult Segments::delete_drained(bool active_too) {
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
    if (closer_ != nullptr) closer_->close(segment.release());
    drop(segment, false);
  }
  return {};
}

StoreResult Segments::look() {
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
  return {};
}

}  // namespace gateway::egress
