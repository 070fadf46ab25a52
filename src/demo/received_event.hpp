#pragma once
#include <chrono>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "events/cloud_event.hpp"
#include "events/encoder.hpp"

namespace gateway::demo {

// One HTTP request as it came: what `demo --once` shows. Views last as long as the callback that
// is given them.
class ReceivedRequest {
 public:
  ReceivedRequest() = default;

  std::string_view method;
  std::string_view target;
  std::vector<std::pair<std::string_view, std::string_view>> headers;  // names as spelled
  std::string_view body;
  std::chrono::steady_clock::time_point arrived;
};

// The CloudEvents of a request, one in binary and structured mode; `data` of a record in binary
// mode is the body, byte for byte.
class ReceivedEvents {
 public:
  ReceivedEvents() = default;

  events::ContentMode mode = events::ContentMode::binary;
  std::vector<events::CloudEvent> events;
};

// Tells the content mode by content type and headers, and reads the events.
[[nodiscard]] boost::system::result<ReceivedEvents, events::Malformed> read_events(
    const ReceivedRequest& request);

}  // namespace gateway::demo
