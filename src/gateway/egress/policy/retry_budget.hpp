#pragma once
#include <algorithm>
#include <chrono>
#include <cstdint>

#include "runtime/clock.hpp"

namespace gateway::egress {

// Limits retries. Problem: an eventbus that fails because it has too much to do gets more of it by
// every retry, while one of which a part is broken takes all that it can get on the next attempt.
// Solution: what it takes decides. For every request that it has taken of late kPerTaken retries
// are allowed, so that two thirds of the requests may fail for good and each event still arrives;
// and kFloor per second besides, of which up to kMost are saved, so that a low rate of events can
// be retried at all. Pure.
class RetryBudget {
 public:
  static constexpr std::uint64_t kPerTaken = 3;
  static constexpr std::uint64_t kFloor = 10;  // per second
  static constexpr std::uint64_t kMost = 100;
  // The time after which a retry is surely available.
  static constexpr std::chrono::milliseconds kInterval{1000 / kFloor};

  explicit RetryBudget(Instant now) noexcept : begun_(now) {}

  // Takes one retry from the budget. Returns false if the budget is empty. `taken`: how many
  // requests the eventbus has taken so far.
  [[nodiscard]] bool spend(std::uint64_t taken, Instant now) noexcept {
    look_at_time(taken, now);
    if (spent_ < kPerTaken * std::max(taken - taken_at_begin_, taken_before_)) {
      ++spent_;
      return true;
    }
    if (saved_ == 0) return false;
    --saved_;
    return true;
  }

 private:
  void look_at_time(std::uint64_t taken, Instant now) noexcept {
    if (now < begun_ + kInterval) return;
    const auto intervals = static_cast<std::uint64_t>((now - begun_) / kInterval);
    begun_ += intervals * kInterval;
    taken_before_ = (taken - taken_at_begin_) / intervals;
    taken_at_begin_ = taken;
    spent_ = 0;
    saved_ = std::min(saved_ + intervals, kMost);
  }

  Instant begun_;                     // the present interval
  std::uint64_t taken_at_begin_ = 0;  // until then
  std::uint64_t taken_before_ = 0;    // in an interval before, on average
  std::uint64_t spent_ = 0;           // in the present one, of what was taken
  std::uint64_t saved_ = kFloor;
};

}  // namespace gateway::egress
