#pragma once
#include <array>
#include <cstddef>
#include <cstdint>

namespace gateway {

// What became of an event.
enum class Outcome : std::uint8_t { delivered, failed, dead_lettered, spooled, count_ };
[[nodiscard]] constexpr const char* label(Outcome outcome) noexcept {
  constexpr std::array names{"delivered", "failed", "dead_lettered", "spooled"};
  static_assert(names.size() == static_cast<std::size_t>(Outcome::count_));
  return names[static_cast<std::size_t>(outcome)];
}
// What became of a record of a bucket that the configuration names.
enum class BucketOutcome : std::uint8_t {
  delivered,
  failed,
  dead_lettered,
  spooled,
  filtered,
  count_
};
[[nodiscard]] constexpr const char* label(BucketOutcome outcome) noexcept {
  constexpr std::array names{"delivered", "failed", "dead_lettered", "spooled", "filtered"};
  static_assert(names.size() == static_cast<std::size_t>(BucketOutcome::count_));
  return names[static_cast<std::size_t>(outcome)];
}
// Whether an operator should know of it.
[[nodiscard]] constexpr bool is_failure(Outcome outcome) noexcept {
  return outcome == Outcome::failed || outcome == Outcome::dead_lettered;
}

}  // namespace gateway
