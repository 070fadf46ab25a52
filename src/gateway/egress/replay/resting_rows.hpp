#pragma once
#include <chrono>
#include <cstddef>
#include <deque>
#include <utility>
#include <vector>

#include "gateway/egress/segments/stored_event.hpp"
#include "runtime/clock.hpp"

namespace gateway::egress {

// Rows of a replay that could not be delivered and rest, in the order in which they began to. They
// stay leased: if they were given back at once they would be fetched next, and the same few would
// be tried for ever. Pure.
class RestingRows {
 public:
  [[nodiscard]] bool empty() const noexcept { return groups_.empty(); }
  [[nodiscard]] std::size_t rows() const noexcept { return rows_; }

  // Throws std::bad_alloc; `rows` then are as they were.
  void add(std::vector<Sequence>& rows, Instant now) {
    groups_.emplace_back();
    rows_ += rows.size();
    groups_.back() = {std::move(rows), now};
  }
  // Returns whether the first have rested for longer than `rest`.
  [[nodiscard]] bool first_has_rested(std::chrono::milliseconds rest, Instant now) const noexcept {
    return !groups_.empty() && now - groups_.front().since > rest;
  }
  [[nodiscard]] const std::vector<Sequence>& first() const noexcept { return groups_.front().rows; }
  void remove_first() noexcept {
    rows_ -= groups_.front().rows.size();
    groups_.pop_front();
  }
  void clear() noexcept {
    groups_.clear();
    rows_ = 0;
  }

 private:
  struct Group {
    std::vector<Sequence> rows;
    Instant since;
  };

  std::deque<Group> groups_;
  std::size_t rows_ = 0;
};

}  // namespace gateway::egress
