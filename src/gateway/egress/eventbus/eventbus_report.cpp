// What an eventbus says of itself: metrics every tick, connections for /status.
#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "gateway/egress/eventbus/eventbus.hpp"

namespace gateway::egress {

void Eventbus::publish(Instant now) {
  retry_advice_.observe(queue_.left(), now);
  tell_pace(now);
  metrics_.queue_events.set(queue_.waiting());
  metrics_.queue_bytes.set(queue_.bytes());
  std::array<std::uint64_t, static_cast<std::size_t>(LinkState::count_)> states{};
  std::uint64_t depth = 0;
  for (EventbusConnection* const connection : pool_.used()) {
    ++states[static_cast<std::size_t>(connection->state())];
    depth += connection->multiplexer().depth();
  }
  for (std::size_t i = 0; i < states.size(); ++i) {
    metrics_.connections[static_cast<LinkState>(i)].set(states[i]);
  }
  for (std::size_t i = 0; i < metrics_.state.size(); ++i) {
    const auto state = static_cast<EndpointState>(i);
    metrics_.state[state].set(state == health_.state() ? 1 : 0);
  }
  metrics_.pipeline_depth.set(depth);
}

std::vector<ConnectionStatus> Eventbus::connection_status() const {
  std::vector<ConnectionStatus> all;
  for (EventbusConnection* const connection : pool_.used()) {
    ConnectionStatus status;
    status.state = label(connection->state());
    status.address = connection->address();
    status.last_error = connection->last_error();
    status.in_flight = connection->multiplexer().in_flight();
    status.pipeline_depth = connection->multiplexer().depth();
    all.push_back(std::move(status));
  }
  return all;
}

}  // namespace gateway::egress
