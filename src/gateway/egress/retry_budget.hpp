#pragma once
#include <algorithm>
#include <chrono>
#include <cstdint>

#include "runtime/clock.hpp"

namespace gateway::egress {

// How many attempts may be made again: a fifth of the first attempts, so that a half broken
// eventbus is not sent twice the load, and kFloor a second besides, so that little traffic can
// retry at all. What is not used is kept, up to kMost. Pure; a first attempt costs an increment.
class RetryBudget {
 public:
  static constexpr std::uint64_t kFirstsPerRetry = 5;
  static constexpr std::uint64_t kFloor = 10;  // per second
  static constexpr std::uint64_t kMost = 100;

  explicit RetryBudget(Instant now) noexcept : filled_at_(now) {}

  void first_attempt() noexcept { ++firsts_; }

  // Takes leave for one retry, if there is one.
  [[nodiscard]] bool spend(Instant now) noexcept {
    fill(now);
    if (units_ < kFirstsPerRetry) return false;
    units_ -= kFirstsPerRetry;
    return true;
  }

  // How long until there surely is one.
  static constexpr std::chrono::milliseconds kInterval{1000 / kFloor};

 private:
  // Counts in fifths of a retry.
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
