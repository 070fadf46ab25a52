// What there is to do with the events of a store, whichever file they stand in: read, mark, delete.
#include <algorithm>
#include <chrono>
#include <functional>
#include <set>
#include <utility>

#include "gateway/egress/segments/segments.hpp"
#include "runtime/kept_memory.hpp"

namespace gateway::egress {
namespace {

constexpr std::size_t kMostOpen = 8;
constexpr std::size_t kMarksAtATime = 512;
// Removed events that are passed over in one go: some ten milliseconds' worth, or a few segments.
constexpr std::size_t kMostRemovedPassedOver = 32'768;
constexpr std::chrono::seconds kPatienceWithPages{60};
// A folder may hold thousands of files.
constexpr std::uint64_t kLooksBetweenLists = 5;
// A file that is left alone may become a good one: by chown, for instance.
constexpr std::uint64_t kLooksBetweenTries = 30;

}  // namespace

// --- Reading

// Returns the last segment that begins at `seq` or before, or null.
Segment* Segments::begun_by(Sequence seq) const noexcept {
  const auto behind = std::ranges::upper_bound(segments_, seq, {}, &Segment::first);
  return behind == segments_.begin() ? nullptr : std::prev(behind)->get();
}

Segment* Segments::segment_of(Sequence seq) const noexcept {
  Segment* const segment = begun_by(seq);
  return segment != nullptr && seq < segment->behind() ? segment : nullptr;
}

Sequence Segments::last_up_to(Sequence seq) const noexcept {
  const Segment* const segment = begun_by(seq);
  return segment == nullptr ? 0 : std::min(seq, segment->behind() - 1);
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
  if (unreadable_.segment == &segment) unreadable_ = Unreadable();
  std::erase(open_, &segment);
  std::erase_if(segments_, [&](const auto& each) { return each.get() == &segment; });
  oldest_.reset();
}

void Segments::drop_all() {
  while (!segments_.empty()) drop(*segments_.back(), false);
}

// After a failed call: drops the segment if its file is gone, or cannot be had any more while the
// device gives others. Anything else is an error.
StoreResult Segments::unless_gone(Segment& segment, const boost::system::error_code& error) {
  const auto presence = segment.look();
  if (presence && *presence == Segment::Presence::gone) {
    drop(segment, true);
    return {};
  }
  // What cannot even be looked at may be the fault of its folder, or of the device.
  const bool of_this_file = presence ? is_forbidden(error)
                                     : !is_forbidden(presence.error()) &&
                                           !is_of_process(presence.error()) &&
                                           segment_files(files_, path_);
  if (access_ != Segment::Access::own || &segment == active_ || !of_this_file) {
    return error_at(segment.path(), error);
  }
  leave_alone(segment.first(), segment.path(), error.message());
  drop(segment, false);
  return {};
}

IoResult<Segments::Walked> Segments::walk(Segment& segment, Sequence& last, const Visit& visit,
                                          std::size_t& removed) {
  keep_few_open(segment);
  const Sequence from = std::max(last + 1, segment.first());
  Place place = std::exchange(place_, Place());
  const bool reads_on = place.segment == &segment && place.next == from;
  // Who does not read on is to see what has become of the file.
  if (!reads_on || place.buffer.bytes.capacity() > kMostKept) {
    clear_keeping(place.buffer.bytes, kMostKept);
    place.buffer.begin = 0;
  }
  auto reader = segment.records(from, reads_on ? place.offset : 0, std::move(place.buffer));
  if (!reader) return reader.error();
  std::vector<std::uint32_t> marks;
  Sequence marks_from = from;
  RecordReader::Record record;
  bool wanted = true;
  while (wanted) {
    const auto read = reader->next(record);
    if (!read && stays_unreadable(segment, last, read.error())) {
      reader->pass_over_unreadable();
      continue;
    }
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
    if (mark == kRemoved) {
      wanted = ++removed < kMostRemovedPassedOver;
      continue;
    }
    if (!record.intact && std::ranges::binary_search(segment.torn(), record.seq)) continue;
    wanted = visit(record, mark);
  }
  // Once it has been waited for, what else is bad in the file is passed over at once.
  if (unreadable_.segment == &segment && unreadable_.last < last &&
      SteadyClock::now() - unreadable_.since < kPatienceWithPages) {
    unreadable_ = Unreadable();
  }
  place_ = {&segment, last + 1, reader->end_of_last(), reader->take_buffer()};
  return wanted ? Walked::through : Walked::ended;
}

// A device may give nothing for a while, and all again; a page that has gone bad is to cost the
// events in it alone.
bool Segments::stays_unreadable(const Segment& segment, Sequence last,
                                const boost::system::error_code& error) {
  if (access_ != Segment::Access::own || error != boost::system::errc::io_error) return false;
  const Instant now = SteadyClock::now();
  if (unreadable_.segment != &segment) unreadable_ = {&segment, last, now};
  return now - unreadable_.since >= kPatienceWithPages;
}

StoreOutcome<bool> Segments::walk(Sequence after, Sequence& last, const Visit& visit) {
  last = after;
  std::size_t removed = 0;
  for (std::size_t i = 0; i < segments_.size();) {
    Segment& segment = *segments_[i];
    if (segment.behind() <= last + 1 || segment.drained()) {
      ++i;
      continue;
    }
    const auto through = walk(segment, last, visit, removed);
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
    bool found = false;
    for (Sequence last = 0; !found;) {
      const auto end = walk(last, last, [&](const auto& record, std::uint32_t) {
        oldest_.emplace(record.seq, record.added);
        found = record.intact;
        return !found;
      });
      if (!end) return end.error();
      found |= *end;
    }
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

StoreOutcome<std::uint64_t> Segments::mark(std::span<const Sequence> rows, std::uint32_t value,
                                           std::vector<Sequence>& unwritable) {
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
    const Sequence live = segment->totals().count - segment->totals().removed;
    const auto marked = segment->mark(in_segment, value);
    if (marked) {
      removed += *marked;
    } else if (is_full(marked.error()) && value == kRemoved && is_all(*segment, in_segment) &&
               delete_file(*segment)) {
      // On a device that writes nothing in place (btrfs, files that share their blocks) a mark
      // needs room as well. To delete the file needs none, and gives some back.
      removed += static_cast<std::uint64_t>(live);
    } else if (is_forbidden(marked.error()) || is_put_off(*segment, marked.error())) {
      unwritable.insert(unwritable.end(), in_segment.begin(), in_segment.end());
    } else if (auto gone = unless_gone(*segment, marked.error()); !gone) {
      return gone.error();
    }
  }
  return removed;
}

// Returns whether these are all the events that are left in a segment whose file this may delete.
bool Segments::is_all(Segment& segment, std::span<const Sequence> rows) {
  const auto only = segment.holds_only(rows);
  return access_ == Segment::Access::own && !segment.incomplete() && only && *only;
}

// Returns whether marks that failed so are to be written later, and others meanwhile.
bool Segments::is_put_off(const Segment& segment, const boost::system::error_code& error) const {
  const bool own = access_ == Segment::Access::own;
  if (is_full(error)) return own;
  const bool of_this_file =
      own ? !is_gone(error) && !is_of_process(error) : error == boost::system::errc::io_error;
  return &segment != active_ && of_this_file;
}

bool Segments::has_unsynced_marks() const noexcept {
  return std::ranges::any_of(segments_,
                             [](const auto& segment) { return segment->has_unsynced_marks(); });
}

// One that cannot be synced does not keep the others from being.
StoreResult Segments::sync_marks() {
  StoreResult result;
  for (const auto& segment : segments_) {
    if (!segment->has_unsynced_marks()) continue;
    keep_few_open(*segment);
    const auto synced = segment->sync_marks();
    if (!synced && result) result = error_at(segment->path(), synced.error());
  }
  return result;
}

// Removes the file of a segment, unless somebody has put another one in its place.
StoreResult Segments::remove_file(const Segment& segment) {
  const auto presence = segment.look();
  if (!presence) return error_at(segment.path(), presence.error());
  if (*presence == Segment::Presence::gone) return {};
  const auto removed = files_.remove(segment.path());
  if (!removed && !is_gone(removed.error())) return error_at(segment.path(), removed.error());
  return {};
}

// Deletes a segment with its file. Returns false if the file cannot be deleted, and says why in
// undeleted_.
bool Segments::delete_file(Segment& segment) {
  if (const auto removed = remove_file(segment); !removed) {
    undeleted_ = removed.error().text();
    return false;
  }
  if (closer_ != nullptr) closer_->close(segment.release());
  drop(segment, false);
  return true;
}

// A crash of the machine may bring a deleted file back: what it says then must be that all of it
// has been removed.
void Segments::delete_drained(bool active_too) {
  undeleted_.clear();
  for (std::size_t i = 0; i < segments_.size();) {
    Segment& segment = *segments_[i];
    if (!segment.drained() || segment.incomplete() || (&segment == active_ && !active_too)) {
      ++i;
      continue;
    }
    if (segment.has_unsynced_marks()) {
      if (!segment.sync_marks()) {
        ++i;  // it is deleted when they can be
        continue;
      }
    }
    if (!delete_file(segment)) ++i;  // likewise
  }
}

// Where a few events stay, as the eventbus does not take them, the space of their neighbours is not
// to stay with them.
void Segments::give_space_back(std::size_t most) {
  for (const auto& segment : segments_) {
    if (most == 0 || !punches_) return;
    if (!segment->wastes_space()) continue;
    --most;
    keep_few_open(*segment);
    // After any other error it is tried again at a later look.
    const auto punched = segment->punch_removed();
    punches_ = punched || punched.error() != boost::system::errc::operation_not_supported;
  }
}

StoreResult Segments::look() {
  for (std::size_t i = 0; i < segments_.size();) {
    Segment& segment = *segments_[i];
    const auto presence = segment.look();
    if (!presence) {
      if (auto gone = unless_gone(segment, presence.error()); !gone) return gone;
      continue;
    }
    if (*presence == Segment::Presence::gone || *presence == Segment::Presence::grown) {
      unreadable_files_.erase(segment.path());  // what is said of it then
      drop(segment, *presence == Segment::Presence::gone);
      continue;
    }
    if (*presence == Segment::Presence::marked) {
      keep_few_open(segment);
      oldest_.reset();
      const auto counted = segment.count_marks();
      if (!counted && !(&segment != active_ && counted.error() == boost::system::errc::io_error)) {
        if (auto gone = unless_gone(segment, counted.error()); !gone) return gone;
        continue;
      }
    }
    segment.note_removed();
    ++i;
  }
  return {};
}

// Returns whether a file that is none of these is as it was the last time: nobody is copying it.
bool Segments::rests(const std::string& name) {
  const auto now = files_.status(name);
  if (!now) return !is_gone(now.error());  // then opening it tells what is wrong with it
  const auto [seen, is_new] = seen_.try_emplace(name, *now);
  return std::exchange(seen->second, *now) == *now && !is_new;
}

// Takes up files that came back, or were put there.
StoreResult Segments::look_for_others() {
  if (++looks_ % kLooksBetweenLists != 0) return {};
  const auto there = segment_files(files_, path_, suffix_);
  if (!there) return there.error();
  const bool again = looks_ % kLooksBetweenTries == 0;
  std::set<std::string, std::less<>> known;
  for (const auto& segment : segments_) known.insert(segment->path());
  std::set<std::string, std::less<>> others;
  bool found = false;
  for (const auto& [number, name] : *there) {
    if (known.contains(name)) continue;
    others.insert(name);
    if (!rests(name) || (unreadable_files_.contains(name) && !again)) continue;
    unreadable_files_.erase(name);
    const auto added = add_if_fit(number, name);
    if (!added || *added == nullptr) continue;
    // It may be a copy that stands still: without a seal nothing says that it is whole.
    if (!(*added)->sealed()) {
      (*added)->leave_unfinished();
      skip_to((*added)->first() + (*added)->identity().capacity - 1);
    }
    found = true;
  }
  const auto has_gone = [&](const auto& file) {
    return !others.contains(file.first) && !known.contains(file.first);
  };
  std::erase_if(unreadable_files_, has_gone);
  std::erase_if(seen_, has_gone);
  if (!found) return {};
  ++finds_;
  place_ = Place();
  oldest_.reset();
  return {};
}

}  // namespace gateway::egress
