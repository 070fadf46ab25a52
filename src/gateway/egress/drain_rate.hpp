#pragma once
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>

#include "runtime/clock.hpp"

namespace gateway::egress {

// Measures how fast events leave, as an average over the last few seconds. A truthful Retry-After
// is derived from it. Pure.
class DrainRate {
 public:
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

 private:
  static constexpr double kMemorySeconds = 3;
  double per_second_ = 0;
  std::uint64_t finished_ = 0;
  Instant last_{};
};

}  // namespace gateway::egress
