#include "gateway/observe/target_totals.hpp"

namespace gateway::observe {

void TargetTotals::add(const DestinationMetrics& shard) {
  delivered += shard.delivered.value();
  queue_events += shard.queue_events.value();
  queue_bytes += shard.queue_bytes.value();
  pipeline_depth += shard.pipeline_depth.value();
  for (std::size_t i = 0; i < links.size(); ++i) {
    links[i] += shard.connections[static_cast<LinkState>(i)].value();
  }
  for (std::size_t i = 0; i < eventbus.size(); ++i) {
    eventbus[i] += shard.state[static_cast<EndpointState>(i)].value();
  }
}

bool TargetTotals::is_down() const noexcept {
  const auto in = [this](EndpointState state) { return eventbus[static_cast<std::size_t>(state)]; };
  return in(EndpointState::up) + in(EndpointState::slow_start) == 0 &&
         in(EndpointState::down) + in(EndpointState::probing) != 0;
}

std::span<const std::uint64_t> TargetTotals::values_of(std::string_view metric) const noexcept {
  if (metric == "queue_events") return {&queue_events, 1};
  if (metric == "queue_bytes") return {&queue_bytes, 1};
  if (metric == "eventbus_pipeline_depth") return {&pipeline_depth, 1};
  if (metric == "eventbus_connections") return links;
  if (metric == "eventbus_state") return eventbus;
  return {};
}

}  // namespace gateway::observe
