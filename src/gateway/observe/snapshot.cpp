#include "gateway/observe/snapshot.hpp"

#include <algorithm>
#include <numeric>

namespace gateway::observe {
namespace {

template <class Cell>
void add(std::uint64_t& sum, const Cell& cell) {
  sum += cell.value();
}

template <class Enum, class Cell>
void add(Counts<Enum>& sums, const PerReason<Enum, Cell>& cells) {
  for (std::size_t i = 0; i < sums.size(); ++i) sums[i] += cells[static_cast<Enum>(i)].value();
}

void add(Distribution& sum, const Histogram& histogram) {
  for (std::size_t i = 0; i < sum.counts.size(); ++i) sum.counts[i] += histogram.count(i);
  sum.sum_ns += histogram.sum_ns();
}

void add_lags(Snapshot& sum, const PerReason<EventKind, LagHistogram>& lags) {
  for (std::size_t kind = 0; kind < lags.size(); ++kind) {
    const LagHistogram& lag = lags[static_cast<EventKind>(kind)];
    for (std::size_t i = 0; i < LagHistogram::kBuckets; ++i) sum.event_lag[kind][i] += lag.count(i);
    sum.event_lag_ms[kind] += lag.sum_ms();
  }
}

void add_buckets(Snapshot& sum, const BucketCounters& counters) {
  if (sum.buckets.size() < counters.names().size()) sum.buckets.resize(counters.names().size());
  for (std::size_t i = 0; i < counters.names().size(); ++i) {
    BucketFigures& figures = sum.buckets[i];
    figures.bucket = counters.names()[i];
    for (std::size_t outcome = 0; outcome < figures.outcomes.size(); ++outcome) {
      figures.outcomes[outcome] += counters.value(i, static_cast<BucketOutcome>(outcome));
    }
    figures.last_arrival = std::max(figures.last_arrival, counters.last_arrival(i));
  }
}

std::uint64_t total(std::uint64_t value) noexcept {
  return value;
}

template <std::size_t N>
std::uint64_t total(const std::array<std::uint64_t, N>& values) noexcept {
  return std::accumulate(values.begin(), values.end(), std::uint64_t{0});
}

template <class Enum>
const char* value_of(std::size_t index) {
  return label(static_cast<Enum>(index));
}

}  // namespace

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
  return eventbus[EndpointState::up] + eventbus[EndpointState::slow_start] == 0 &&
         eventbus[EndpointState::down] + eventbus[EndpointState::probing] != 0;
}

std::span<const std::uint64_t> TargetTotals::values_of(std::string_view metric) const noexcept {
  if (metric == "queue_events") return {&queue_events, 1};
  if (metric == "queue_bytes") return {&queue_bytes, 1};
  if (metric == "eventbus_pipeline_depth") return {&pipeline_depth, 1};
  if (metric == "eventbus_connections") return links;
  if (metric == "eventbus_state") return eventbus;
  return {};
}

std::uint64_t Snapshot::failed_total() const noexcept {
  return total(failed);
}

std::uint64_t Snapshot::retried_total() const noexcept {
  return total(retried);
}

std::uint64_t Snapshot::in_flight() const noexcept {
  std::uint64_t open = received;
#define COS_GATEWAY_OUTCOME(member, sum, ...) open -= total(sum);
#define COS_GATEWAY_OTHER(...)
  COS_GATEWAY_METRICS(COS_GATEWAY_OUTCOME, COS_GATEWAY_OUTCOME, COS_GATEWAY_OTHER,
                      COS_GATEWAY_OTHER, COS_GATEWAY_OTHER, COS_GATEWAY_OTHER, COS_GATEWAY_OTHER)
#undef COS_GATEWAY_OUTCOME
#undef COS_GATEWAY_OTHER
  return open;
}

Snapshot take_snapshot(std::span<const ShardMetrics* const> shards) {
  Snapshot all;
#define COS_GATEWAY_ADD(member, sum, ...) \
  for (const ShardMetrics* shard : shards) add(all.sum, shard->member);
  COS_GATEWAY_METRICS(COS_GATEWAY_ADD, COS_GATEWAY_ADD, COS_GATEWAY_ADD, COS_GATEWAY_ADD,
                      COS_GATEWAY_ADD, COS_GATEWAY_ADD, COS_GATEWAY_ADD)
#undef COS_GATEWAY_ADD
  for (const ShardMetrics* shard : shards) {
    for (unsigned status = 0; status < ShardMetrics::kStatusCodes; ++status) {
      if (const auto n = shard->posts[status].value(); n != 0) all.posts[status] += n;
    }
    add_lags(all, shard->event_lag);
    add_buckets(all, shard->buckets);
  }
  return all;
}

std::vector<Metric> metrics_of(const Snapshot& snapshot) {
  using Kind = Metric::Kind;
  std::vector<Metric> all;
#define COS_GATEWAY_COUNTER(member, sum, help) \
  all.push_back({Kind::counter, #member, help, {&snapshot.sum, 1}});
#define COS_GATEWAY_COUNTER_BY(member, sum, Enum, label, help) \
  all.push_back({Kind::counter, #member, help, snapshot.sum, label, value_of<Enum>});
#define COS_GATEWAY_GAUGE(member, sum, help) \
  all.push_back({Kind::gauge, #member, help, {&snapshot.sum, 1}});
#define COS_GATEWAY_GAUGE_BY(member, sum, Enum, label, help) \
  all.push_back({Kind::gauge, #member, help, snapshot.sum, label, value_of<Enum>});
#define COS_GATEWAY_HISTOGRAM(member, sum, help)                                        \
  all.push_back({Kind::histogram, #member, help, snapshot.sum.counts, nullptr, nullptr, \
                 snapshot.sum.sum_ns});
  COS_GATEWAY_METRICS(COS_GATEWAY_COUNTER, COS_GATEWAY_COUNTER_BY, COS_GATEWAY_COUNTER,
                      COS_GATEWAY_COUNTER_BY, COS_GATEWAY_GAUGE, COS_GATEWAY_GAUGE_BY,
                      COS_GATEWAY_HISTOGRAM)
#undef COS_GATEWAY_COUNTER
#undef COS_GATEWAY_COUNTER_BY
#undef COS_GATEWAY_GAUGE
#undef COS_GATEWAY_GAUGE_BY
#undef COS_GATEWAY_HISTOGRAM
  return all;
}

}  // namespace gateway::observe
