#pragma once
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <random>

#include "runtime/clock.hpp"

namespace gateway::egress {

// Decides what Retry-After tells the clients that are refused. Problem: a fixed wait is wrong for
// most queues, and lets clients that were refused together come back together. Solution: the wait
// is the time until the queue is empty at the rate of the last few seconds, and varied at random.
// Pure except for its random numbers.
class RetryAdvice {
 public:
  explicit RetryAdvice(std::uint32_t seed) : random_(seed) {}

  // Takes the number of events that were delivered or given up since the start.
  void observe(std::uint64_t finished, Instant now) noexcept {
    if (last_ != Instant{} && now > last_) {
      const double seconds = std::chrono::duration<double>(now - last_).count();
      const double rate = static_cast<double>(finished - finished_) / seconds;
      const double weight = 1 - std::exp(-seconds / kMemorySeconds);
      per_second_ += weight * (rate - per_second_);
    }
    finished_ = finished;
    last_ = now;
  }

  // Returns the time until `events` have left at this rate, at least one second and at most a
  // minute.
  [[nodiscard]] std::chrono::seconds time_to_drain(std::size_t events) const noexcept {
    constexpr double kLongest = 60;
    const double seconds =
        per_second_ < 1e-3 ? kLongest : std::ceil(static_cast<double>(events) / per_second_);
    return std::chrono::seconds(
        events == 0 ? 1 : static_cast<std::int64_t>(std::clamp(seconds, 1.0, kLongest)));
  }

  // Returns what to tell a client while `events` wait: that time plus a random number of whole
  // seconds, up to half of it and at least up to one.
  [[nodiscard]] std::chrono::seconds wait(std::size_t events) {
    const auto least = time_to_drain(events);
    return least + std::chrono::seconds(std::uniform_int_distribution<std::int64_t>(
                       0, (least.count() + 1) / 2)(random_));
  }

 private:
  static constexpr double kMemorySeconds = 3;
  double per_second_ = 0;
  std::uint64_t finished_ = 0;
  Instant last_{};
  std::minstd_rand random_;
};

}  // namespace gateway::egress
