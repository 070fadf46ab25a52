#pragma once
#include <algorithm>
#include <chrono>
#include <optional>

#include "runtime/clock.hpp"

namespace gateway {

// Decides what to do about a part of the process that failed: start it again after a pause that
// grows, or give up, as a process that starts anew is better than half a one. Sans-I/O.
class RestartPolicy {
 public:
  static constexpr std::chrono::milliseconds kFirstPause{100};
  static constexpr std::chrono::milliseconds kLongestPause{5000};
  // After so long without a failure earlier ones are forgotten.
  static constexpr std::chrono::minutes kForgotten{1};
  // Failures in a row: with the pauses between them about half a minute, which outlasts a shortage
  // of memory that passes.
  static constexpr unsigned kMost = 12;

  // Records a failure. Returns the pause before the next start, or nullopt: give up.
  [[nodiscard]] std::optional<std::chrono::milliseconds> failed(Instant now) noexcept {
    if (last_ && now - *last_ >= kForgotten) in_a_row_ = 0;
    last_ = now;
    if (++in_a_row_ >= kMost) return std::nullopt;
    const unsigned doublings = std::min(in_a_row_ - 1, 10U);
    return std::min(kFirstPause * (1U << doublings), kLongestPause);
  }

 private:
  std::optional<Instant> last_;
  unsigned in_a_row_ = 0;
};

}  // namespace gateway
