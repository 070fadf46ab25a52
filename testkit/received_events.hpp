#pragma once
#include <boost/system/result.hpp>
#include <vector>

#include "events/cloud_event.hpp"
#include "events/encoder.hpp"
#include "testkit/http_text.hpp"

namespace gateway::test {

// The CloudEvents of one request.
struct ReceivedEvents {
  events::ContentMode mode = events::ContentMode::binary;
  std::vector<events::CloudEvent> events;
};

// Reads them by the HTTP binding, in whichever of the three content modes they came.
[[nodiscard]] boost::system::result<ReceivedEvents, events::Malformed> read_events(
    const MessageView& request);

}  // namespace gateway::test
