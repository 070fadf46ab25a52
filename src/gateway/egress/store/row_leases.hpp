#pragma once
#include <cstddef>
#include <set>
#include <span>
#include <vector>

#include "gateway/egress/store/stored_event.hpp"

namespace gateway::egress {

// Which rows have been given out for replay. Rows are leased in order, so all that has to be kept
// is how far leasing has come, and what was given back since. In memory only: a new process begins
// at the front. Sans-I/O; not thread-safe.
class RowLeases {
 public:
  // Leases reach up to here: behind it nothing has been given out.
  [[nodiscard]] Sequence frontier() const noexcept { return frontier_; }
  void advance(Sequence to) noexcept { frontier_ = to > frontier_ ? to : frontier_; }

  void give_back(std::span<const Sequence> rows) { returned_.insert(rows.begin(), rows.end()); }
  // The first of those given back, leased again.
  [[nodiscard]] std::vector<Sequence> take_returned(std::size_t max) {
    std::vector<Sequence> rows;
    while (!returned_.empty() && rows.size() < max) {
      rows.push_back(*returned_.begin());
      returned_.erase(returned_.begin());
    }
    return rows;
  }
  // They are gone from the store.
  void forget(std::span<const Sequence> rows) {
    if (returned_.empty()) return;
    for (const Sequence row : rows) returned_.erase(row);
  }
  // Another file has taken the place of the one these rows were in.
  void forget_all() noexcept { returned_.clear(); }

 private:
  Sequence frontier_ = 0;
  std::set<Sequence> returned_;
};

}  // namespace gateway::egress
