#pragma once
#include <algorithm>
#include <cstdint>

#include "runtime/clock.hpp"

namespace gateway::observe {

// How many samples may be taken so that there are at most so many a second. What is not used within
// a second is lost.
class SampleAllowance {
 public:
  explicit constexpr SampleAllowance(unsigned per_second) noexcept
      : every_(std::chrono::nanoseconds(std::chrono::seconds(1)) / per_second), most_(per_second) {}

  // Since the last call. The first one gives one.
  [[nodiscard]] unsigned take(Instant now) noexcept {
    if (next_ == Instant()) next_ = now;
    if (now < next_) return 0;
    const auto due = static_cast<std::uint64_t>((now - next_) / every_) + 1;
    next_ = due > most_ ? now + every_ : next_ + every_ * static_cast<std::int64_t>(due);
    return static_cast<unsigned>(std::min<std::uint64_t>(due, most_));
  }

 private:
  std::chrono::nanoseconds every_;
  unsigned most_;
  Instant next_;
};

}  // namespace gateway::observe
