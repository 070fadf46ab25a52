#pragma once
#include <algorithm>
#include <chrono>

namespace gateway {

// How often to look at deadlines of which `shortest` is the shortest: they are then kept to an
// eighth of it, without looking more than 200 times a second.
[[nodiscard]] constexpr std::chrono::milliseconds tick_interval(
    std::chrono::milliseconds shortest) noexcept {
  using std::chrono::milliseconds;
  return std::clamp(shortest / 8, milliseconds(5), milliseconds(100));
}

}  // namespace gateway
