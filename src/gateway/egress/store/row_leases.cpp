#include "gateway/egress/store/row_leases.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include "gateway/egress/segments/record.hpp"

namespace gateway::egress {
namespace {

// How many rows are looked at in search of the newest.
constexpr Sequence kFew = 64;
constexpr std::size_t kMostAhead = 1024;

}  // namespace

// Takes the first of the rows that were given back, as far as they are near each other: they are
// read in one go.
std::vector<Sequence> RowLeases::take_returned(Target& target, std::size_t max) {
  constexpr Sequence kNear = 64;
  std::vector<Sequence> rows;
  std::set<Sequence>& returned = target.returned;
  rows.reserve(std::min(max, returned.size()));  // from here on nothing fails
  while (!returned.empty() && rows.size() < max &&
         (rows.empty() || *returned.begin() - rows.back() <= kNear)) {
    rows.push_back(*returned.begin());
    returned.erase(returned.begin());
  }
  return rows;
}

StoreResult RowLeases::read(EventStore& store, const RowsWanted& wanted, SpooledChunk& chunk) {
  target_ = wanted.target;
  leased_.clear();
  // Where there is nothing to be read at all, nobody else makes it anew.
  chunk.rows.clear(std::numeric_limits<std::size_t>::max());
  chunk.damaged.clear();
  Target& of = targets_[target_];
  const auto nothing = [&] { return chunk.rows.empty() && chunk.damaged.empty(); };
  StoreResult read;
  if (wanted.newest) read = read_newest(store, wanted, chunk);
  if (!read || !nothing()) return read;
  const bool new_first = std::exchange(of.new_first, false);
  if (new_first) read = read_new(store, wanted, chunk);
  if (read && nothing()) read = read_returned(store, wanted, chunk);
  if (read && nothing() && !new_first) read = read_new(store, wanted, chunk);
  return read;
}

StoreResult RowLeases::read_returned(EventStore& store, const RowsWanted& wanted,
                                     SpooledChunk& chunk) {
  Target& of = targets_[target_];
  leased_ = take_returned(of, wanted.max_rows);
  if (leased_.empty()) return {};
  of.new_first = true;
  const auto is_leased = [this](const RecordReader::Record& record) {
    return std::ranges::binary_search(leased_, record.seq);
  };
  auto read =
      store.read_spooled(leased_.front() - 1, is_leased, leased_.size(), wanted.max_bytes, chunk);
  auto unread = read ? std::ranges::upper_bound(leased_, chunk.last) : leased_.begin();
  if (read && chunk.end) unread = leased_.end();  // those that were not met are not there any more
  give_back(target_, std::span(unread, leased_.end()));
  leased_.erase(unread, leased_.end());
  chunk.end = false;  // there may be more behind the frontier
  return read;
}

bool RowLeases::is_new(const RecordReader::Record& record) const {
  const Target& of = targets_[target_];
  if (of.ahead.contains(record.seq)) return false;
  if (std::ranges::binary_search(delivered_, record.seq)) return false;
  return !record.intact || names_.is_of(target_of(record.payload), target_);
}

StoreResult RowLeases::read_new(EventStore& store, const RowsWanted& wanted, SpooledChunk& chunk) {
  Target& of = targets_[target_];
  auto read = store.read_spooled(
      of.frontier, [this](const auto& record) { return is_new(record); }, wanted.max_rows,
      wanted.max_bytes, chunk);
  if (!read) return read;
  leased_.clear();  // rows that were removed after they had been given back
  leased_.reserve(chunk.rows.size());
  for (const auto& row : chunk.rows.entries()) leased_.push_back(row.seq);
  of.frontier = std::max(of.frontier, chunk.last);
  of.ahead.erase(of.ahead.begin(), of.ahead.upper_bound(of.frontier));
  if (target_ != 0) chunk.damaged.clear();  // nobody knows whose they were
  return {};
}

// Returns the last new row up to `last`, if it is among the last few; else 0.
StoreOutcome<Sequence> RowLeases::last_new(EventStore& store, Sequence last) const {
  SpooledChunk none;
  Sequence newest = 0;
  const auto note = [&](const RecordReader::Record& record) {
    if (record.seq > last) return true;  // ends the walk
    if (record.intact && is_new(record)) newest = record.seq;
    return false;
  };
  const Sequence after = std::max(targets_[target_].frontier, last - kFew);
  if (auto read = store.read_spooled(after, note, 1, 1, none); !read) return read.error();
  return newest;
}

// Looks at the end, where rows may have been added, then further to the front each time.
StoreOutcome<Sequence> RowLeases::find_newest(EventStore& store) {
  Target& of = targets_[target_];
  if (of.ahead.size() >= kMostAhead) return Sequence{0};
  const Sequence end = store.last_up_to(store.last_seq());
  auto newest = last_new(store, end);
  if (!newest) return newest;
  if (*newest == 0) {
    const Sequence last = store.last_up_to(of.newest_before == 0 ? end - kFew : of.newest_before);
    if (last <= of.frontier) return newest;
    newest = last_new(store, last);
    if (!newest) return newest;
    of.newest_before = std::max(of.frontier, last - kFew);
  }
  if (*newest != 0) of.newest_before = *newest - 1;
  return newest;
}

StoreResult RowLeases::read_newest(EventStore& store, const RowsWanted& wanted,
                                   SpooledChunk& chunk) {
  const auto found = find_newest(store);
  if (!found) return found.error();
  Target& of = targets_[target_];
  Sequence newest = *found;
  if (newest != 0) {
    of.ahead.insert(newest);
  } else if (!of.returned.empty()) {
    newest = *of.returned.rbegin();
    of.returned.erase(newest);
  } else {
    return {};
  }
  leased_.assign(1, newest);
  const auto is_newest = [&](const RecordReader::Record& record) { return record.seq == newest; };
  auto read = store.read_spooled(newest - 1, is_newest, 1, wanted.max_bytes, chunk);
  if (!read) give_back(target_, leased_);
  chunk.end = false;
  return read;
}

void RowLeases::arrived(bool arrived) {
  if (!arrived) give_back(target_, leased_);
  leased_.clear();
}

void RowLeases::forget(std::span<const Sequence> rows) {
  for (Target& target : targets_) {
    if (target.returned.empty() && target.ahead.empty()) continue;
    for (const Sequence row : rows) {
      target.returned.erase(row);
      target.ahead.erase(row);
    }
  }
}

void RowLeases::begin_again(std::vector<Sequence> delivered) noexcept {
  delivered_ = std::move(delivered);
  std::ranges::sort(delivered_);
  for (Target& target : targets_) {
    target.returned.clear();
    target.ahead.clear();
    target.newest_before = 0;
    target.frontier = 0;
  }
}

StoreResult RowLeases::count_on(EventStore& store) {
  SpooledChunk none;
  std::uint64_t found = 0;
  const Sequence last = count_to_.value_or(0);
  const auto count = [&](const RecordReader::Record& record) {
    const bool unclaimed =
        record.intact && record.seq <= last && !names_.knows(target_of(record.payload));
    found += unclaimed ? 1 : 0;
    return false;
  };
  const auto read = store.read_spooled(counted_to_, count, 1, 1, none);
  unclaimed_ += read ? found : 0;
  counted_to_ = none.last;
  if (!read || none.end || counted_to_ >= last) count_to_.reset();
  return read;
}

}  // namespace gateway::egress
