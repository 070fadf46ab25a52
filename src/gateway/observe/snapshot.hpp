#pragma once
#include <array>
#include <cstdint>
#include <map>
#include <span>

#include "gateway/metrics/shard_metrics.hpp"

namespace gateway::observe {

// The counters of all shards at one moment, as plain values.
struct Snapshot {
  std::map<unsigned, std::uint64_t> posts;  // by status; only those that occurred
  std::uint64_t posts_abandoned = 0;
  std::array<std::uint64_t, static_cast<std::size_t>(AuthFailure::count_)> unauthorized{};
  std::array<std::uint64_t, static_cast<std::size_t>(ConnectionLimit::count_)> refused{};
  std::uint64_t connections_shed = 0;
  std::uint64_t proxy_headers_refused = 0;
  std::uint64_t accept_pauses = 0;
  std::uint64_t received = 0;
  std::uint64_t delivered = 0;
  std::uint64_t dead_lettered = 0;
  std::uint64_t spooled = 0;
  std::uint64_t replayed = 0;
  std::uint64_t expired = 0;
  std::uint64_t unaccounted = 0;
  std::array<std::uint64_t, static_cast<std::size_t>(RetryReason::count_)> retried{};
  std::array<std::uint64_t, static_cast<std::size_t>(FailReason::count_)> failed{};
  std::uint64_t tls_handshakes = 0;
  std::uint64_t tls_resumptions = 0;
  std::array<std::uint64_t, static_cast<std::size_t>(TlsFailure::count_)> tls_failures{};
  std::array<std::uint64_t, Histogram::kBuckets> post_duration{};
  std::array<std::uint64_t, Histogram::kBuckets> delivery_duration{};
  std::uint64_t post_duration_ns = 0;
  std::uint64_t delivery_duration_ns = 0;
  std::array<std::array<std::uint64_t, LagHistogram::kBuckets>,
             static_cast<std::size_t>(EventKind::count_)>
      event_lag{};
  std::array<std::uint64_t, static_cast<std::size_t>(EventKind::count_)> event_lag_ms{};
  std::array<std::uint64_t, Histogram::kBuckets> loop_lag{};
  std::uint64_t loop_lag_ns = 0;
  std::uint64_t tap_events = 0;
  std::uint64_t queue_events = 0;
  std::uint64_t queue_bytes = 0;
  std::uint64_t connections = 0;
  std::uint64_t in_flight_bytes = 0;
  std::array<std::uint64_t, static_cast<std::size_t>(LinkState::count_)> links{};
  std::array<std::uint64_t, static_cast<std::size_t>(EndpointState::count_)> eventbus{};  // shards
  std::uint64_t pipeline_depth = 0;

  [[nodiscard]] std::uint64_t failed_total() const noexcept;
  [[nodiscard]] std::uint64_t retried_total() const noexcept;
  // received = delivered + dead-lettered + spooled + failed + in flight, at every moment.
  [[nodiscard]] std::uint64_t in_flight() const noexcept {
    return received - delivered - dead_lettered - spooled - failed_total();
  }
};

// Finished events are read before received ones: a record can then never seem to be finished
// without having been received.
[[nodiscard]] Snapshot take_snapshot(std::span<const ShardMetrics* const> shards);

}  // namespace gateway::observe
