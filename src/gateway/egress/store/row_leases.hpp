#pragma once
#include <algorithm>
#include <cstddef>
#include <set>
#include <span>
#include <vector>

#include "gateway/egress/store/stored_event.hpp"

namespace gateway::egress {

// Tracks which rows are given out for replay. Rows are leased in order, so that it keeps only how
// far leasing has come, and which rows were given back since. In memory only: a new process begins
// at the first row. Sans-I/O; not thread-safe.
class RowLeases {
 public:
  // Returns the highest row that has been leased; 0 if none has.
  [[nodiscard]] Sequence frontier() const noexcept { return frontier_; }
  void advance(Sequence to) noexcept { frontier_ = to > frontier_ ? to : frontier_; }

  void give_back(std::span<const Sequence> rows) { returned_.insert(rows.begin(), rows.end()); }
  // Returns the first of the rows that were given back, leased again.
  [[nodiscard]] std::vector<Sequence> take_returned(std::size_t max) {
    std::vector<Sequence> rows;
    rows.reserve(std::min(max, returned_.size()));  // from here on nothing fails
    while (!returned_.empty() && rows.size() < max) {
      rows.push_back(*returned_.begin());
      returned_.erase(returned_.begin());
    }
    return rows;
  }
  // Forgets rows that were removed from the store.
  void forget(std::span<const Sequence> rows) {
    if (returned_.empty()) return;
    for (const Sequence row : rows) returned_.erase(row);
  }
  // Forgets all rows, because they were of another store.
  void forget_all() noexcept { returned_.clear(); }

 private:
  Sequence frontier_ = 0;
  std::set<Sequence> returned_;
};

}  // namespace gateway::egress
