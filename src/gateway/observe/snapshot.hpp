#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/metrics/counter.hpp"
#include "gateway/metrics/destination_metrics.hpp"
#include "gateway/metrics/shard_metrics.hpp"

namespace gateway::observe {

// A histogram's sum: how many observations fell into each bucket, and their total time.
struct Distribution {
  std::array<std::uint64_t, Histogram::kBuckets> counts{};
  std::uint64_t sum_ns = 0;
};

// What became of the records of one entry of `buckets`.
struct BucketFigures {
  std::string bucket;  // name-appid
  Counts<BucketOutcome> outcomes{};
  std::uint64_t last_arrival = 0;  // milliseconds since 1970; 0: none has arrived
};

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

// The counters of all shards at one moment, as plain values; one member for each row of
// metrics/table.hpp.
struct Snapshot {
  std::map<unsigned, std::uint64_t> posts;  // by status; only those that occurred
#define COS_GATEWAY_VALUE(member, sum, help) std::uint64_t sum = 0;
#define COS_GATEWAY_VALUES(member, sum, Enum, label, help) Counts<Enum> sum{};
#define COS_GATEWAY_HISTOGRAM(member, sum, help) Distribution sum;
  COS_GATEWAY_METRICS(COS_GATEWAY_VALUE, COS_GATEWAY_VALUES, COS_GATEWAY_VALUE, COS_GATEWAY_VALUES,
                      COS_GATEWAY_VALUE, COS_GATEWAY_VALUES, COS_GATEWAY_HISTOGRAM)
#undef COS_GATEWAY_VALUE
#undef COS_GATEWAY_VALUES
#undef COS_GATEWAY_HISTOGRAM
  std::array<std::array<std::uint64_t, LagHistogram::kBuckets>,
             static_cast<std::size_t>(EventKind::count_)>
      event_lag{};
  Counts<EventKind> event_lag_ms{};
  std::vector<BucketFigures> buckets;  // by number of their entries
  std::vector<TargetTotals> targets;   // the top-level one first; none where it is the only one

  // Returns whether every shard has seen every target take events.
  [[nodiscard]] bool eventbus_up() const noexcept {
    return eventbus[EndpointState::down] + eventbus[EndpointState::probing] == 0;
  }
  [[nodiscard]] std::uint64_t failed_total() const noexcept;
  [[nodiscard]] std::uint64_t retried_total() const noexcept;
  // received = delivered + dead-lettered + spooled + failed + filtered + in flight, at every
  // moment.
  [[nodiscard]] std::uint64_t in_flight() const noexcept;
};

// One row of the table with its sums.
struct Metric {
  enum class Kind : std::uint8_t { counter, gauge, histogram };

  Kind kind;
  const char* name;  // without prefix and suffix
  const char* help;
  std::span<const std::uint64_t> values;  // one; one of each label's value; or one of each bucket
  const char* label = nullptr;            // its name, where there is one
  const char* (*value_of)(std::size_t) = nullptr;
  std::uint64_t sum_ns = 0;
};

// Returns all rows, in the table's order; they refer to `snapshot`.
[[nodiscard]] std::vector<Metric> metrics_of(const Snapshot& snapshot);

// Sums what the shards count now.
[[nodiscard]] Snapshot take_snapshot(std::span<const ShardMetrics* const> shards);

}  // namespace gateway::observe
