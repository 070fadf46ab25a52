#pragma once
#include <algorithm>
#include <chrono>
#include <cstddef>
#include <limits>
#include <optional>

#include "runtime/clock.hpp"

namespace gateway::egress {

// Limits the rate of a replay. At most a tenth of a second of unused allowance is made up for.
// Pure.
class ReplayPace {
 public:
  static constexpr std::size_t kUnlimited = std::numeric_limits<std::size_t>::max();

  // Takes the rate in events per second; 0 means unlimited.
  explicit ReplayPace(double rate) noexcept
      : interval_(rate > 0 ? std::chrono::duration<double>(1 / rate)
                           : std::chrono::duration<double>(0)) {}

  [[nodiscard]] std::size_t allowed(Instant now) noexcept {
    if (interval_.count() == 0) return kUnlimited;
    if (!due_) due_ = now;
    if (*due_ > now) return 0;
    due_ = std::max(*due_, now - kMadeUpFor);
    return static_cast<std::size_t>(std::chrono::duration<double>(now - *due_) / interval_) + 1;
  }
  void took(std::size_t events) noexcept {
    if (!due_) return;
    *due_ += std::chrono::duration_cast<Instant::duration>(interval_ * static_cast<double>(events));
  }
  // Returns when allowed() is above 0 again.
  [[nodiscard]] Instant next(Instant now) const noexcept { return due_ ? *due_ : now; }

 private:
  static constexpr std::chrono::milliseconds kMadeUpFor{100};
  std::chrono::duration<double> interval_;  // between two events
  std::optional<Instant> due_;              // of the next one
};

}  // namespace gateway::egress
