#pragma once
#include <chrono>
#include <cstdint>
#include <optional>
#include <utility>

#include "runtime/clock.hpp"

namespace gateway {

// Limits the rate of a log line. What strangers cause may occur at any rate and would fill the log:
// the first occurrence is reported at once, later ones at most once an interval, with their number.
class LogLimiter {
 public:
  static constexpr std::chrono::minutes kInterval{1};

  // Records one occurrence. Returns the number since the last report, or nullopt if the report
  // interval has not elapsed.
  [[nodiscard]] std::optional<std::uint64_t> occurred(Instant now) noexcept {
    ++untold_;
    if (told_ && now - *told_ < kInterval) return std::nullopt;
    told_ = now;
    return std::exchange(untold_, 0);
  }

 private:
  std::optional<Instant> told_;
  std::uint64_t untold_ = 0;
};

}  // namespace gateway
