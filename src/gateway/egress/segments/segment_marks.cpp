// The marks of a segment's events: which are removed or replayed, and the space of those.
#include <algorithm>
#include <chrono>
#include <utility>

#include "gateway/egress/segments/segment.hpp"

namespace gateway::egress {
namespace {

// The clock of files advances with the ticks of a kernel, which may be another machine's. What
// changed so lately may change again and seem the same.
constexpr std::chrono::seconds kFileClock{1};

}  // namespace

IoResult<std::string> Segment::read_table(Sequence from, std::size_t count) {
  const auto opened = file();
  if (!opened) return opened.error();
  std::string table(count * kMarkSize, '\0');
  const auto got = (*opened)->read(place_of_mark(from), table);
  if (!got) return got.error();
  return table;
}

std::uint64_t Segment::place_of_mark(Sequence seq) const noexcept {
  return kTableAt + static_cast<std::uint64_t>(seq - first()) * kMarkSize;
}

IoResult<std::vector<std::uint32_t>> Segment::marks(Sequence from, std::size_t count) {
  const auto table = read_table(from, count);
  if (!table) return table.error();
  std::vector<std::uint32_t> marks(count);
  for (std::size_t i = 0; i < count; ++i) marks[i] = mark_at(*table, i);
  return marks;
}

// Writes the marks of a table that are `wanted`, and no bytes of others.
template <class Wanted>
IoResult<void> Segment::write_marks(Sequence from, std::string_view table, Wanted wanted) {
  const std::size_t count = table.size() / kMarkSize;
  for (std::size_t begin = 0; begin < count; ++begin) {
    if (!wanted(begin)) continue;
    std::size_t end = begin + 1;
    while (end < count && wanted(end)) ++end;
    const auto run = table.substr(begin * kMarkSize, (end - begin) * kMarkSize);
    const std::uint64_t at = place_of_mark(from + static_cast<Sequence>(begin));
    if (auto written = file_->write(at, run); !written) return written;
    begin = end;
  }
  return {};
}

IoResult<std::size_t> Segment::mark(std::span<const Sequence> rows, std::uint32_t value) {
  if (const auto opened = file_to_write(); !opened) return opened.error();
  const Sequence from = rows.front();
  auto table = read_table(from, static_cast<std::size_t>(rows.back() - from) + 1);
  if (!table) return table.error();
  const std::string text = mark_text(value);
  std::vector<bool> changed(table->size() / kMarkSize);
  std::size_t marked = 0;
  for (const Sequence row : rows) {
    const auto index = static_cast<std::size_t>(row - from);
    if (mark_at(*table, index) == kRemoved) continue;
    table->replace(index * kMarkSize, kMarkSize, text);
    changed[index] = true;
    ++marked;
  }
  const auto written =
      write_marks(from, *table, [&](std::size_t index) { return bool{changed[index]}; });
  if (!written) return written.error();
  unsynced_marks_ = true;
  if (value != kRemoved) return 0;
  totals_.removed += static_cast<Sequence>(marked);
  return marked;
}

bool Segment::wastes_space() const noexcept {
  constexpr std::uint64_t kLittle = std::uint64_t{64} << 10;
  if (!sealed_ || incomplete_ || drained() || !rests_) return false;
  const auto count = static_cast<std::uint64_t>(totals_.count);
  const auto live = static_cast<std::uint64_t>(totals_.count - totals_.removed);
  const std::uint64_t head = head_size(identity_.capacity);
  const std::uint64_t needed = head + (end_ - head) / count * live;
  // It has been tried before, and blocks are coarse: it is worth it if much was removed since.
  const auto since = static_cast<std::uint64_t>(totals_.removed - punched_);
  return size() > needed + std::max(end_ / 8, kLittle) && since > count / 16;
}

// What the marks say must be on the device before the events are gone from it.
IoResult<void> Segment::punch_removed() {
  constexpr std::uint64_t kBlock = 4096;
  if (const auto opened = file_to_write(); !opened) return opened.error();
  if (unsynced_marks_) {
    if (auto synced = sync_marks(); !synced) return synced;
  }
  const Sequence removed = totals_.removed;
  const auto all = marks(first(), static_cast<std::size_t>(totals_.count));
  if (!all) return all.error();
  std::uint64_t begin = 0;  // of neighbours that are removed; 0: none
  std::uint64_t end = 0;
  const auto punch_before = [&](std::uint64_t limit) -> IoResult<void> {
    const std::uint64_t from = (std::exchange(begin, 0) + kBlock - 1) / kBlock * kBlock;
    const std::uint64_t to = limit / kBlock * kBlock;
    return from != 0 && from < to ? file_->punch(from, to - from) : IoResult<void>();
  };
  auto reader = records(first(), 0, {});
  if (!reader) return reader.error();
  for (RecordReader::Record record;;) {
    if (auto read = reader->next(record); !read) return read;
    if (record.seq == 0) break;
    const bool is_removed = (*all)[static_cast<std::size_t>(record.seq - first())] == kRemoved;
    if (is_removed && !record.intact) continue;  // its space has been given back, or it is damaged
    if (is_removed) {
      if (begin == 0) begin = record.offset;
      end = reader->end_of_last();
      continue;
    }
    // Where a damaged one stands is not known.
    if (auto punched = punch_before(record.intact ? record.offset : end); !punched) return punched;
  }
  if (auto punched = punch_before(end); !punched) return punched;
  punched_ = removed;
  const auto now = file_->status();
  if (now) status_.allocated = now->allocated;
  return {};
}

IoResult<void> Segment::sync_marks() {
  const auto opened = file();
  if (!opened) return opened.error();
  if (auto synced = (*opened)->sync(); !synced) {
    // The kernel may hold pages for written that are not: they are written anew before the next.
    if (const auto table = read_table(first(), static_cast<std::size_t>(totals_.count))) {
      const auto is_set = [&](std::size_t index) { return mark_at(*table, index) != 0; };
      static_cast<void>(write_marks(first(), *table, is_set));
    }
    return synced;
  }
  unsynced_marks_ = false;
  return {};
}

IoResult<bool> Segment::holds_only(std::span<const Sequence> rows) {
  const auto all = marks(first(), static_cast<std::size_t>(totals_.count));
  if (!all) return {boost::system::in_place_error, all.error()};
  for (std::size_t i = 0; i < all->size(); ++i) {
    const Sequence row = first() + static_cast<Sequence>(i);
    if ((*all)[i] != kRemoved && !std::ranges::binary_search(rows, row) &&
        !std::ranges::binary_search(torn_, row)) {
      return false;
    }
  }
  return true;
}

IoResult<void> Segment::count_marks() {
  const auto opened = file();
  if (!opened) return opened.error();
  const auto now = (*opened)->status();
  if (!now) return now.error();
  const auto all = marks(first(), static_cast<std::size_t>(totals_.count));
  if (!all) return all.error();
  totals_.removed = std::ranges::count(*all, kRemoved);
  const auto changed = std::chrono::nanoseconds(now->changed_ns);
  const bool lately = std::chrono::system_clock::now().time_since_epoch() - changed < kFileClock;
  status_.changed_ns = lately ? 0 : now->changed_ns;
  return {};
}

}  // namespace gateway::egress
