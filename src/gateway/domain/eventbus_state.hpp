#pragma once
#include <array>
#include <cstddef>
#include <cstdint>

namespace gateway {

// The state of one connection to the eventbus.
enum class LinkState : std::uint8_t { idle, connecting, ready, backing_off, count_ };
[[nodiscard]] constexpr const char* label(LinkState state) noexcept {
  constexpr std::array names{"idle", "connecting", "ready", "backing_off"};
  static_assert(names.size() == static_cast<std::size_t>(LinkState::count_));
  return names[static_cast<std::size_t>(state)];
}

// What a shard thinks of the eventbus as a whole; egress/policy/endpoint_health.hpp says when
// which.
enum class EndpointState : std::uint8_t { up, down, probing, slow_start, count_ };
[[nodiscard]] constexpr const char* label(EndpointState state) noexcept {
  constexpr std::array names{"up", "down", "probing", "slow_start"};
  static_assert(names.size() == static_cast<std::size_t>(EndpointState::count_));
  return names[static_cast<std::size_t>(state)];
}

}  // namespace gateway
