#pragma once
#include "gateway/domain/eventbus_state.hpp"
#include "gateway/metrics/shard_metrics.hpp"

namespace gateway {

// What one shard knows of one target. Written by the shard's thread alone, read by any.
struct DestinationMetrics {
  Counter delivered;  // events the target acknowledged, those of the spool included
  Gauge queue_events;
  Gauge queue_bytes;
  Gauge pipeline_depth;
  PerReason<LinkState, Gauge> connections;
  PerReason<EndpointState, Gauge> state;  // 1 for the one it is in
};

}  // namespace gateway
