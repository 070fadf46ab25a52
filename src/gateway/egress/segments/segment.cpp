#include "gateway/egress/segments/segment.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "gateway/egress/segments/record.hpp"

namespace gateway::egress {
namespace {

using boost::system::error_code;

constexpr Sequence kOffsetEvery = 64;

}  // namespace

StoreError other_kind(const std::string& path, StoreKind kind) {
  return {StoreError::Kind::unusable,
          fmt::format("{}: it holds {}", path,
                      kind == StoreKind::spool ? "dead letters, not a spool"
                                               : "a spool, not dead letters")};
}

bool is_gone(const error_code& error) noexcept {
  return error == boost::system::errc::no_such_file_or_directory || error.value() == ESTALE;
}

// An immutable file says EPERM.
bool is_forbidden(const error_code& error) noexcept {
  return error == boost::system::errc::permission_denied ||
         error == boost::system::errc::operation_not_permitted;
}

bool is_full(const error_code& error) noexcept {
  return error == boost::system::errc::no_space_on_device ||
         error == boost::system::errc::file_too_large || error.value() == EDQUOT;
}

bool is_of_process(const error_code& error) noexcept {
  return error == boost::system::errc::not_enough_memory ||
         error == boost::system::errc::too_many_files_open ||
         error == boost::system::errc::too_many_files_open_in_system;
}

IoResult<std::unique_ptr<Segment>> Segment::create(FileSystem& files, std::string path,
                                                   const Identity& identity,
                                                   std::uint64_t reserve) {
  auto file = files.open(path, FileSystem::Mode::create);
  if (!file) return file.error();
  std::unique_ptr<Segment> segment(new Segment(files, std::move(path), Access::own));
  segment->identity_ = identity;
  segment->file_ = std::move(*file);
  segment->end_ = head_size(identity.capacity);
  segment->opened_before_ = true;
  segment->appendable_ = true;
  // Without it the space is allocated bit by bit, which is slower and no error.
  if (reserve != 0) static_cast<void>(segment->file_->reserve(reserve));
  const auto made = [&]() -> IoResult<void> {
    if (auto written = segment->file_->write(0, head_text(identity)); !written) return written;
    if (auto synced = segment->file_->sync(); !synced) return synced;
    const auto status = segment->file_->status();
    if (!status) return status.error();
    segment->status_ = *status;
    return files.sync_folder(segment->path_.substr(0, segment->path_.rfind('/')));
  }();
  if (!made) {
    static_cast<void>(files.remove(segment->path_));  // it holds nothing
    return made.error();
  }
  return segment;
}

IoResult<std::unique_ptr<Segment>> Segment::open(FileSystem& files, std::string path,
                                                 Access access) {
  std::unique_ptr<Segment> segment(new Segment(files, std::move(path), access));
  const auto status = files.status(segment->path_);
  if (!status) return status.error();
  segment->status_ = *status;
  if (!status->regular) return std::unique_ptr<Segment>();
  const auto file = segment->file();
  if (!file) return file.error();
  if (!segment->status_.regular) return std::unique_ptr<Segment>();
  std::string head(kTableAt, '\0');
  const auto got = (*file)->read(0, head);
  if (!got) return got.error();
  const auto identity = *got == head.size() ? read_identity(head) : std::nullopt;
  if (!identity) return std::unique_ptr<Segment>();
  segment->identity_ = *identity;
  if (auto found = segment->find_extent(head); !found) return found.error();
  if (auto counted = segment->count_marks(); !counted) return counted.error();
  return segment;
}

IoResult<void> Segment::find_extent(std::string_view head) {
  const auto seal = read_seal(head, identity_.capacity);
  if (!seal) return scan(status_.size);
  totals_ = seal->totals;
  end_ = seal->end;
  sealed_ = end_ <= status_.size;
  incomplete_ = !sealed_;
  if (sealed_) return {};
  if (auto scanned = scan(status_.size); !scanned) return scanned;
  // What was removed before is not missed.
  const Sequence behind = seal->totals.count - totals_.count;
  const auto all = marks(first() + totals_.count, static_cast<std::size_t>(behind));
  missing_ = all ? behind - std::ranges::count(*all, kRemoved) : behind;
  return {};
}

IoResult<void> Segment::scan(std::uint64_t file_size) {
  totals_ = Totals();
  end_ = std::min(head_size(identity_.capacity), file_size);
  const Sequence limit = first() + Sequence{identity_.capacity};
  RecordReader reader(*file_, {end_, file_size, first(), limit, false});
  RecordReader::Record record;
  Sequence last_group = 0;
  for (;;) {
    if (auto read = reader.next(record); !read) return read;
    if (record.seq == 0) break;
    totals_.count = record.seq - first() + 1;
    if (!record.intact) {
      torn_.push_back(record.seq);
      continue;
    }
    last_group = std::max(last_group, record.group);
    totals_.bytes += json_of(record.payload).size();
    end_ = reader.end_of_last();
    note_offset(record.seq, record.offset);
  }
  std::erase_if(torn_, [&](Sequence seq) { return seq < last_group; });
  if (reader.missed_pages()) {
    // What the device did not give is not what a crash left: it may be there the next time.
    incomplete_ = true;
    torn_.clear();
  }
  return {};
}

IoResult<File*> Segment::file() {
  if (file_) return file_.get();
  const bool reads = access_ == Access::read;
  auto opened = files_.open(path_, reads ? FileSystem::Mode::read : FileSystem::Mode::write);
  // Who might write when it was opened first may be forbidden to by now.
  read_only_ = !opened && opened_before_ &&
               (is_forbidden(opened.error()) ||
                opened.error() == boost::system::errc::read_only_file_system);
  if (read_only_) opened = files_.open(path_, FileSystem::Mode::read);
  if (!opened) return opened.error();
  const auto status = (*opened)->status();
  if (!status) return status.error();
  // Opening it for the first time may have made another file of it: overlayfs copies one that is to
  // be written. Somebody may also have replaced it just now.
  if (!opened_before_) status_ = *status;
  if (!status->same_file(status_)) return error_code(ESTALE, boost::system::system_category());
  file_ = std::move(*opened);
  opened_before_ = true;
  return file_.get();
}

IoResult<File*> Segment::file_to_write() {
  if (read_only_) file_.reset();  // it may have changed
  auto opened = file();
  if (opened && read_only_) {
    return error_code(EACCES, boost::system::system_category());
  }
  return opened;
}

std::uint64_t Segment::live_bytes() const noexcept {
  if (totals_.removed == 0 || totals_.count == 0) return totals_.bytes;
  const auto live = static_cast<std::uint64_t>(totals_.count - totals_.removed);
  return totals_.bytes / static_cast<std::uint64_t>(totals_.count) * live;
}

bool Segment::takes(std::size_t records) const noexcept {
  return appendable_ && static_cast<std::size_t>(totals_.count) + records <= identity_.capacity;
}

IoResult<void> Segment::append(std::string_view records, Sequence count,
                               std::uint64_t events_bytes) {
  if (auto written = file_->write(end_, records); !written) {
    appendable_ = file_->truncate(end_).has_value();
    return written;
  }
  if (auto synced = file_->sync(); !synced) {
    appendable_ = false;
    return synced;
  }
  totals_.count += count;
  totals_.bytes += events_bytes;
  end_ += records.size();
  return {};
}

IoResult<void> Segment::probe(std::uint64_t room) {
  const auto opened = file();
  if (!opened) return opened.error();
  const auto reserved = (*opened)->reserve(end_ + room);
  if (!reserved && reserved.error() != boost::system::errc::operation_not_supported) {
    return reserved.error();
  }
  return (*opened)->sync();
}

IoResult<void> Segment::seal() {
  appendable_ = false;
  const auto opened = file();
  if (!opened) return opened.error();
  // Behind the end may stand what was not acknowledged.
  if (auto cut = file_->truncate(end_); !cut) return cut;
  if (auto written = file_->write(kSealAt, seal_text({totals_, end_})); !written) return written;
  sealed_ = true;
  unsynced_marks_ = true;
  status_.allocated = end_;
  return {};
}

IoResult<std::uint64_t> Segment::bytes_behind_end() {
  const auto opened = file();
  if (!opened) return opened.error();
  std::uint64_t last = end_;  // behind the last byte that is not 0, as reserved space is
  std::string piece(std::size_t{64} << 10, '\0');
  for (std::uint64_t at = end_; at < status_.size;) {
    const auto got = (*opened)->read(at, piece);
    if (!got) return got.error();
    if (*got == 0) break;
    const std::size_t other = std::string_view(piece).substr(0, *got).find_last_not_of('\0');
    if (other != std::string_view::npos) last = at + other + 1;
    at += *got;
  }
  return last - end_;
}

IoResult<RecordReader> Segment::records(Sequence from, std::uint64_t offset,
                                        RecordReader::Buffer buffer) {
  const auto opened = file();
  if (!opened) return opened.error();
  offset = std::max(offset, head_size(identity_.capacity));
  const auto known = static_cast<std::size_t>((from - first()) / kOffsetEvery);
  if (!offsets_.empty()) offset = std::max(offset, offsets_[std::min(known, offsets_.size() - 1)]);
  return RecordReader(**opened, {std::min(offset, end_), end_, from, behind(), true},
                      std::move(buffer));
}

void Segment::note_offset(Sequence seq, std::uint64_t offset) {
  const Sequence index = seq - first();
  if (index % kOffsetEvery != 0) return;
  if (static_cast<std::size_t>(index / kOffsetEvery) == offsets_.size()) offsets_.push_back(offset);
}

IoResult<Segment::Presence> Segment::look() const {
  const auto now = files_.status(path_);
  if (!now) {
    if (now.error() == boost::system::errc::no_such_file_or_directory) return Presence::gone;
    return now.error();
  }
  if (!now->same_file(status_) || now->size < end_) return Presence::gone;
  if (incomplete_ && now->size > status_.size) return Presence::grown;
  return now->changed_ns == status_.changed_ns ? Presence::same : Presence::marked;
}

IoResult<bool> Segment::has_head() {
  const auto opened = file();
  if (!opened) return {boost::system::in_place_error, opened.error()};
  std::string head(kTableAt, '\0');
  const auto got = (*opened)->read(0, head);
  if (!got) return {boost::system::in_place_error, got.error()};
  return *got == head.size() && read_identity(head).has_value();
}

}  // namespace gateway::egress
