#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "gateway/metrics/destination_metrics.hpp"
#include "gateway/observe/counts.hpp"

namespace gateway::observe {

// The figures of one target, summed over all shards, as plain values.
struct TargetTotals {
  std::string url;
  std::uint64_t delivered = 0;
  std::uint64_t queue_events = 0;
  std::uint64_t queue_bytes = 0;
  std::uint64_t pipeline_depth = 0;
  Counts<LinkState> links{};
  Counts<EndpointState> eventbus{};

  void add(const DestinationMetrics& shard);
  // Returns true if no shard has seen the target take events.
  [[nodiscard]] bool is_down() const noexcept;
  // Returns the values of a metric that is kept by target, in the order of its labels; nothing for
  // any other.
  [[nodiscard]] std::span<const std::uint64_t> values_of(std::string_view metric) const noexcept;
};

}  // namespace gateway::observe
