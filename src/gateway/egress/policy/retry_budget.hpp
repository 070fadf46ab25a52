#pragma once
#include <algorithm>
#include <chrono>
#include <cstdint>

#include "runtime/clock.hpp"

namespace gateway::egress {

// Limits retries. Problem: retries without a limit double the load of an eventbus that fails half
// of its requests. Solution: one retry is allowed per five first attempts, and kFloor per second
// besides, so that a low rate of events can be retried at all. Unused retries are kept, up to
// kMost. Pure; a first attempt costs an increment.
class RetryBudget {
 public:
  static constexpr std::uint64_t kFirstsPerRetry = 5;
  static constexpr std::uint64_t kFloor = 10;  // per second
  static constexpr std::uint64_t kMost = 100;

  explicit RetryBudget(Instant now) noexcept : filled_at_(now) {}

  void first_attempt() noexcept { ++firsts_; }

  // Takes one retry from the budget. Returns false if the budget is empty.
  [[nodiscard]] bool spend(Instant now) noexcept {
    fill(now);
    if (units_ < kFirstsPerRetry) return false;
    units_ -= kFirstsPerRetry;
    return true;
  }

  // The time after which a retry is surely available.
  static constexpr std::chrono::milliseconds kInterval{1000 / kFloor};

 private:
  // Units are fifths of a retry.
  void fill(Instant now) noexcept {
    units_ += firsts_;
    firsts_ = 0;
    if (const auto intervals = (now - filled_at_) / kInterval; intervals > 0) {
      filled_at_ += intervals * kInterval;
      units_ +=
          kFirstsPerRetry * std::min<std::uint64_t>(static_cast<std::uint64_t>(intervals), kMost);
    }
    units_ = std::min(units_, kFirstsPerRetry * kMost);
  }

  std::uint64_t units_ = kFirstsPerRetry * kFloor;
  std::uint64_t firsts_ = 0;  // since it was last filled
  Instant filled_at_;
};

}  // namespace gateway::egress
