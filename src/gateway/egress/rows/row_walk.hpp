#pragma once
#include <cstdint>
#include <deque>
#include <limits>
#include <utility>
#include <vector>

#include "gateway/egress/store/event_store.hpp"

namespace gateway::egress {

// Visits the rows that a filter selects, in order, with at most one chunk of them in memory. Rows
// that are appended after the walk began are not visited, so that it ends. Of a damaged row there
// is the number alone.
class RowWalk {
 public:
  static constexpr std::uint64_t kNoLimit = std::numeric_limits<std::uint64_t>::max();

  // `limit` is the most rows to visit, whole and damaged ones together.
  RowWalk(EventStore& store, StoreFilter filter, std::uint64_t limit = kNoLimit)
      : RowWalk(store, std::move(filter), limit, store.last_seq()) {}
  // Visits rows up to the number `last`.
  RowWalk(EventStore& store, StoreFilter filter, std::uint64_t limit, Sequence last)
      : store_(store), filter_(std::move(filter)), limit_(limit), last_(last) {}

  // Has damaged rows count no more: for readers that can do nothing with them, and would not come
  // past them otherwise.
  void limit_whole_rows() noexcept { whole_rows_ = true; }
  // Reads some more rows, in bounded time; none of them may be selected. To be called when no row
  // is available and the walk is not at its end.
  [[nodiscard]] StoreResult read_on();
  [[nodiscard]] bool available() const noexcept { return !rows_.empty(); }
  [[nodiscard]] bool at_end() const noexcept { return end_ || limit_ == 0; }
  [[nodiscard]] const StoredRow& front() const noexcept { return rows_.front(); }
  [[nodiscard]] StoredRow take();
  // Returns how many were taken.
  [[nodiscard]] std::uint64_t taken() const noexcept { return taken_; }

  // Returns the number of rows so far that are damaged or hold no event.
  [[nodiscard]] std::uint64_t damaged() const noexcept { return damaged_; }
  // Returns those of them that were found since the last call.
  [[nodiscard]] std::vector<Sequence> take_damaged() { return std::exchange(damaged_rows_, {}); }
  // Gives all that was read to `use`, or to `use_damaged` the number of a damaged row, in order of
  // the numbers, until one of them returns false. Returns whether none did.
  template <class Use, class UseDamaged>
  [[nodiscard]] bool take_in_order(Use use, UseDamaged use_damaged);
  [[nodiscard]] Sequence last() const noexcept { return last_; }
  // Returns which share of the store has been visited or skipped, 0 to 1.
  [[nodiscard]] double fraction() const noexcept;

 private:
  EventStore& store_;
  const StoreFilter filter_;
  std::uint64_t limit_;  // still to be read
  bool whole_rows_ = false;
  std::deque<StoredRow> rows_;
  Sequence first_ = 0;  // the range of the walk
  const Sequence last_;
  Sequence at_ = 0;  // all up to here has been read
  bool end_ = false;
  std::uint64_t taken_ = 0;
  std::uint64_t damaged_ = 0;
  std::vector<Sequence> damaged_rows_;
};

template <class Use, class UseDamaged>
bool RowWalk::take_in_order(Use use, UseDamaged use_damaged) {
  for (const Sequence seq : take_damaged()) {
    while (available() && front().seq < seq) {
      if (!use(take())) return false;
    }
    if (!use_damaged(seq)) return false;
  }
  while (available()) {
    if (!use(take())) return false;
  }
  return true;
}

// Calls `use` with every whole row of the walk; only these count against its limit.
template <class Use>
[[nodiscard]] StoreResult for_each_row(RowWalk& walk, Use use) {
  walk.limit_whole_rows();
  for (;;) {
    while (walk.available()) use(walk.take());
    if (walk.at_end()) return {};
    if (const auto read = walk.read_on(); !read) return read.error();
  }
}

}  // namespace gateway::egress
