#include "gateway/egress/segments/segments.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>

#include "runtime/kept_memory.hpp"

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
// What has to be there for a device to count as not full: the events of most posts fit.
constexpr std::uint64_t kProbeBytes = 256 << 10;
// Numbers that a file which cannot be read may have used.
constexpr Sequence kUnknownNumbers = 1 << 20;
// A thousand years' worth of numbers, and still sixteen digits.
constexpr Sequence kMostNumber = 9'000'000'000'000'000;

}  // namespace

StoreError path_error(Kind kind, const std::string& path, std::string_view text) {
  return {kind, fmt::format("{}: {}", path, text)};
}

StoreError error_at(const std::string& path, const boost::system::error_code& error) {
  return path_error(is_full(error) ? Kind::full : Kind::failing, path, error.message());
}

Segments::Segments(FileSystem& files, std::string path, StoreKind kind, std::string_view suffix)
    : files_(files), path_(std::move(path)), kind_(kind), suffix_(suffix) {}

std::string Segments::path_of(Sequence first) const {
  return segment_name(path_, first, suffix_);
}

// --- Opening

StoreOutcome<SegmentFiles> segment_files(FileSystem& files, const std::string& path,
                                         std::string_view suffix) {
  const std::filesystem::path store(path);
  const std::string folder = store.parent_path().string();
  const std::string name_of_store = store.filename().string();
  const auto names = files.list(folder);
  if (!names) return error_at(folder, names.error());
  SegmentFiles found;
  for (const std::string& name : *names) {
    if (const auto number = number_in(name, name_of_store, suffix)) {
      found.emplace(*number, folder + '/' + name);
    }
  }
  return found;
}

StoreResult Segments::open(Segment::Access access, bool again) {
  expected_rows_ = owned_by_another_ ? 0 : std::max(expected_rows_, totals().rows);
  drop_all();
  access_ = access;
  unreadable_files_.clear();
  const auto there = segment_files(files_, path_, suffix_);
  if (!there) return there.error();
  for (const auto& [number, name] : *there) {
    const auto added = again ? add_if_fit(number, name) : add(number, name);
    if (!added) {
      drop_all();
      return added.error();
    }
  }
  owned_by_another_ = false;
  const std::uint64_t expected = std::exchange(expected_rows_, 0);
  vanished_rows_ += expected - std::min(expected, totals().rows);
  return {};
}

void Segments::note_unreadable(const std::string& name, std::string reason) {
  ever_left_alone_.insert(name);
  unreadable_files_.insert_or_assign(name, std::move(reason));
}

void Segments::leave_alone(Sequence number, const std::string& name, std::string reason) {
  note_unreadable(name, std::move(reason) + "; it is left alone");
  // A number beyond what a store ever gets to is none that it has given out.
  if (number <= kMostNumber) skip_to(number + kUnknownNumbers);
}

StoreOutcome<Segment*> Segments::add_if_fit(Sequence number, const std::string& name) {
  auto added = add(number, name);
  if (added || added.error().kind() != Kind::unusable) return added;
  leave_alone(number, name, added.error().text());
  return nullptr;
}

StoreOutcome<Segment*> Segments::add(Sequence number, const std::string& name) {
  auto opened = Segment::open(files_, name, access_);
  if (!opened) {
    const auto& error = opened.error();
    if (is_gone(error)) return nullptr;  // deleted by its owner meanwhile
    // Who looks for somebody is to know that it may not be read.
    const bool of_this_file =
        !is_of_process(error) && (access_ == Segment::Access::own || !is_forbidden(error));
    if (!of_this_file) return error_at(name, error);
    leave_alone(number, name, error.message());
    return nullptr;
  }
  if (!*opened) {
    leave_alone(number, name, "it is no segment that this version can read");
    return nullptr;
  }
  std::unique_ptr<Segment> segment = std::move(*opened);
  if (segment->identity().kind != kind_) return other_kind(path_, kind_);
  // Numbers tell events apart: of two with one number, both would count as removed with one.
  const auto behind = std::ranges::upper_bound(segments_, segment->first(), {}, &Segment::first);
  const Segment* overlapping = nullptr;
  if (behind != segments_.begin() && (*std::prev(behind))->behind() > segment->first()) {
    overlapping = std::prev(behind)->get();
  } else if (behind != segments_.end() && segment->behind() > (*behind)->first()) {
    overlapping = behind->get();
  }
  if (overlapping != nullptr) {
    return path_error(
        Kind::unusable, name,
        fmt::format("holds events of the same numbers as {}; move one of the two to "
                    "a folder of its own and send its events with `cos-gateway "
                    "replay {}=...`",
                    overlapping->path(),
                    kind_ == StoreKind::spool ? "--spool --set spool.path"
                                              : "--dead-letters --set dead_letter.path"));
  }
  segment->rest();
  if (segment->missing() != 0) {
    note_unreadable(name,
                    fmt::format("{} of its {} events are missing: it has been cut, or is "
                                "still being copied; the others are read",
                                segment->missing(), segment->missing() + segment->totals().count));
  }
  // Of one that is not complete more numbers may have been given out than are known.
  skip_to(segment->incomplete() ? segment->first() + segment->identity().capacity - 1
                                : segment->behind() - 1);
  return segments_.insert(behind, std::move(segment))->get();
}

void Segments::finish(Segment& segment) {
  if (segment.sealed() || segment.incomplete()) return;
  // Until they are marked the file stays unsealed, so that the next owner knows of them as well.
  if (!segment.torn().empty() && !segment.mark(segment.torn(), kRemoved)) return;
  if (const auto behind = segment.bytes_behind_end()) cut_bytes_ += *behind;
  // On a full or failing device it will be scanned again next time.
  static_cast<void>(segment.seal());
  segment.rest();
}

void Segments::finish() {
  for (const auto& segment : segments_) finish(*segment);
  delete_drained(true);
}

// --- Appending

void Segments::close() {
  if (active_ == nullptr) return;
  Segment& segment = *active_;
  // To end one that was cut would make it as long as it was.
  const auto presence = segment.look();
  if (presence && *presence == Segment::Presence::gone) return drop(segment, true);
  active_ = nullptr;
  if (segment.totals().count == 0) {
    static_cast<void>(remove_file(segment));
    drop(segment, false);
    return;
  }
  static_cast<void>(segment.seal());  // else it is scanned when it is opened again
  keep_few_open(segment);
}

// Makes sure that the active segment takes so much.
StoreResult Segments::make_room(std::size_t rows, std::size_t bytes, std::uint64_t max_bytes) {
  const std::uint64_t target =
      std::clamp(max_bytes / kSegmentsInStore, kSmallestSegment, kLargestSegment);
  const bool fits = active_ != nullptr && active_->takes(rows) &&
                    active_->behind() == last_seq_ + 1 &&
                    (active_->size() + bytes <= target || active_->totals().count == 0);
  Segment::Identity identity;
  identity.kind = kind_;
  identity.capacity =
      static_cast<std::uint32_t>(std::max<std::uint64_t>(target / kBytesOfEvent, rows));
  std::uint64_t needed = bytes + (fits ? 0 : head_size(identity.capacity));
  for (const auto& segment : segments_) needed += segment->size();
  if (needed > max_bytes) return path_error(Kind::full, path_, "the store is full (max_bytes)");
  if (fits) {
    // What is written behind the end of a file that was cut makes it as long as it was.
    const auto presence = active_->look();
    return presence && *presence == Segment::Presence::gone ? active_is_gone() : StoreResult();
  }
  close();
  return begin_next(identity, target);
}

StoreResult Segments::begin_next(Segment::Identity identity, std::uint64_t reserve) {
  identity.first = std::max(last_seq_, last_cut_back_) + 1;
  if (identity.first > kMostNumber + 2 * kUnknownNumbers) {
    return path_error(Kind::unusable, path_, "the numbers of its files are used up");
  }
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
  if (buffer_.capacity() > kMostKept) free_memory(buffer_);
  const Sequence last = last_seq_ + static_cast<Sequence>(count);
  if (!appended) {
    StoreError error = error_at(active_->path(), appended.error());
    // The device may have them. A smaller group may still fit behind those before, in their place;
    // another file begins behind their numbers.
    last_cut_back_ = last;
    if (error.kind() != Kind::full || !active_->takes(0)) {
      last_seq_ = last;
      close();
    }
    return error;
  }
  last_seq_ = last;
  return check_active();
}

// What is not at its path any more, or has lost its head to a cut just before the write, will not
// be found by the next process: it must not be acknowledged.
StoreResult Segments::check_active() {
  const auto presence = active_->look();
  if (presence && *presence == Segment::Presence::gone) return active_is_gone();
  const auto whole = presence ? active_->has_head()
                              : IoResult<bool>(boost::system::in_place_error, presence.error());
  if (whole) return *whole ? StoreResult() : active_is_gone();
  // Nobody knows what is in it, so that another one is to be begun.
  return error_at(std::exchange(active_, nullptr)->path(), whole.error());
}

StoreError Segments::active_is_gone() {
  const std::string path = active_->path();
  drop(*active_, true);
  return path_error(Kind::failing, path,
                    "was removed, moved or cut by somebody; a new one is begun");
}

StoreResult Segments::probe(std::uint64_t max_bytes) {
  if (closer_ != nullptr) closer_->finish();  // the space of deleted files may be what is missing
  const std::uint64_t bytes = std::min(kProbeBytes, max_bytes / kSegmentsInStore);
  if (auto made = make_room(1, bytes, max_bytes); !made) return made;
  if (const auto probed = active_->probe(bytes); !probed) {
    StoreError error = error_at(active_->path(), probed.error());
    if (active_->totals().count != 0) close();
    return error;
  }
  return check_active();
}

}  // namespace gateway::egress
