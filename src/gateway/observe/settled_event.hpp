#pragma once
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>

#include "gateway/domain/outcome.hpp"
#include "runtime/clock.hpp"

namespace gateway::observe {

// What people are shown of one event: who it is, and what became of it. Of its data there is only
// the size.
struct SettledEvent {
  SettledEvent() = default;

  WallInstant time{};
  std::string type;    // the COS event's name, or the CloudEvent's type
  std::string key;     // of the object, shortened; or the CloudEvent's subject
  std::string id;      // the CloudEvent's
  std::string reason;  // of a failure
  std::string client;  // the address it came from; empty when its post is no client's any more
  std::uint64_t bytes = 0;
  unsigned status = 0;               // the eventbus' answer; 0 when there was none
  std::chrono::nanoseconds took{0};  // since its post was received
  Outcome outcome = Outcome::delivered;
};
static_assert(!std::is_aggregate_v<SettledEvent>);

// As the live view has it, and as the list of failures has it: JSON in one line.
[[nodiscard]] std::string tap_json(const SettledEvent& event);
[[nodiscard]] std::string failure_json(const SettledEvent& event);

// How much of a key and of an id is shown.
inline constexpr std::size_t kMostKeyShown = 200;
inline constexpr std::size_t kMostIdShown = 100;

// At most `most` bytes of `text`, no character cut, and nothing in it that a terminal would obey.
[[nodiscard]] std::string shortened(std::string_view text, std::size_t most);

}  // namespace gateway::observe
