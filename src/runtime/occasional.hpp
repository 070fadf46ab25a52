#pragma once
#include <chrono>
#include <cstdint>
#include <optional>
#include <utility>

#include "runtime/clock.hpp"

namespace gateway {

// For lines of the log about what somebody else may cause at any rate: the first occurrence is
// told at once, later ones at most once an interval, with their number.
class Occasional {
 public:
  static constexpr std::chrono::minutes kInterval{1};

  // It occurred. The occurrences since the last time a number was given; nothing: do not tell now.
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
