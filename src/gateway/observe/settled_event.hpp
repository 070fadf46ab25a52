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

// What is shown of one event: its identity and its outcome. Of its data only the size is shown.
struct SettledEvent {
  SettledEvent() = default;

  WallInstant time{};
  std::string type;    // the COS event's name, or the CloudEvent's type
  std::string key;     // of the object, shortened; or the CloudEvent's subject
  std::string id;      // the CloudEvent's
  std::string reason;  // of a failure
  std::string client;  // the address it came from; empty if its client is gone
  std::uint64_t bytes = 0;
  unsigned status = 0;               // the eventbus' answer; 0 when there was none
  std::chrono::nanoseconds took{0};  // since its post was received
  Outcome outcome = Outcome::delivered;
};
static_assert(!std::is_aggregate_v<SettledEvent>);

// Return the event as one line of JSON, for the live view and for the list of failures.
[[nodiscard]] std::string tap_json(const SettledEvent& event);
[[nodiscard]] std::string failure_json(const SettledEvent& event);

// How many bytes of a key and of an id are shown.
inline constexpr std::size_t kMostKeyShown = 200;
inline constexpr std::size_t kMostIdShown = 100;

// Returns at most `most` bytes of `text`, with no character cut and without control characters.
[[nodiscard]] std::string shortened(std::string_view text, std::size_t most);

}  // namespace gateway::observe
