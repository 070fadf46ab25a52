#include "gateway/observe/snapshot.hpp"

#include <numeric>

namespace gateway::observe {
namespace {

template <class Enum, class Cell, std::size_t N>
void add_each(std::array<std::uint64_t, N>& sums, const PerReason<Enum, Cell>& cells) {
  for (std::size_t i = 0; i < N; ++i) sums[i] += cells[static_cast<Enum>(i)].value();
}

void add_histogram(std::array<std::uint64_t, Histogram::kBuckets>& counts, std::uint64_t& sum_ns,
                   const Histogram& histogram) {
  for (std::size_t i = 0; i < counts.size(); ++i) counts[i] += histogram.count(i);
  sum_ns += histogram.sum_ns();
}

void add_lags(Snapshot& sum, const PerReason<EventKind, LagHistogram>& lags) {
  for (std::size_t kind = 0; kind < lags.size(); ++kind) {
    const LagHistogram& lag = lags[static_cast<EventKind>(kind)];
    for (std::size_t i = 0; i < LagHistogram::kBuckets; ++i) sum.event_lag[kind][i] += lag.count(i);
    sum.event_lag_ms[kind] += lag.sum_ms();
  }
}

}  // namespace

std::uint64_t Snapshot::failed_total() const noexcept {
  return std::accumulate(failed.begin(), failed.end(), std::uint64_t{0});
}

std::uint64_t Snapshot::retried_total() const noexcept {
  return std::accumulate(retried.begin(), retried.end(), std::uint64_t{0});
}

Snapshot take_snapshot(std::span<const ShardMetrics* const> shards) {
  Snapshot sum;
  for (const ShardMetrics* shard : shards) {
    sum.delivered += shard->events_delivered.value();
    sum.dead_lettered += shard->events_dead_lettered.value();
    sum.spooled += shard->events_spooled.value();
    add_each(sum.failed, shard->events_failed);
  }
  for (const ShardMetrics* shard : shards) {
    sum.received += shard->records_received.value();
    for (unsigned status = 0; status < ShardMetrics::kStatusCodes; ++status) {
      if (const auto n = shard->posts[status].value(); n != 0) sum.posts[status] += n;
    }
    sum.replayed += shard->events_replayed.value();
    sum.expired += shard->events_expired.value();
    sum.unaccounted += shard->unaccounted_records.value();
    sum.posts_abandoned += shard->posts_abandoned.value();
    add_each(sum.unauthorized, shard->posts_unauthorized);
    add_each(sum.refused, shard->connections_refused);
    sum.connections_shed += shard->connections_shed.value();
    sum.proxy_headers_refused += shard->proxy_headers_refused.value();
    sum.accept_pauses += shard->accept_pauses.value();
    add_each(sum.retried, shard->events_retried);
    sum.tls_handshakes += shard->tls_handshakes.value();
    sum.tls_resumptions += shard->tls_resumptions.value();
    add_each(sum.tls_failures, shard->tls_failures);
    add_histogram(sum.post_duration, sum.post_duration_ns, shard->post_duration);
    add_histogram(sum.delivery_duration, sum.delivery_duration_ns, shard->delivery_duration);
    add_histogram(sum.loop_lag, sum.loop_lag_ns, shard->loop_lag);
    add_lags(sum, shard->event_lag);
    sum.tap_events += shard->tap_events.value();
    sum.queue_events += shard->queue_events.value();
    sum.queue_bytes += shard->queue_bytes.value();
    sum.connections += shard->connections.value();
    sum.in_flight_bytes += shard->in_flight_bytes.value();
    add_each(sum.links, shard->eventbus_connections);
    add_each(sum.eventbus, shard->eventbus_state);
    sum.pipeline_depth += shard->pipeline_depth.value();
  }
  return sum;
}

}  // namespace gateway::observe
