#include "gateway/metrics/shard_metrics.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/observe/prometheus.hpp"
#include "gateway/observe/snapshot.hpp"
#include "support/exposition.hpp"

namespace gateway::observe {
namespace {

using namespace std::chrono_literals;

std::size_t bucket_of(std::chrono::nanoseconds duration) {
  Histogram histogram;
  histogram.observe(duration);
  for (std::size_t i = 0; i < Histogram::kBuckets; ++i) {
    if (histogram.count(i) == 1) return i;
  }
  return Histogram::kBuckets;
}

TEST(Histogram, ItsBoundsDouble) {
  EXPECT_DOUBLE_EQ(Histogram::bound(0), 128e-6);
  EXPECT_DOUBLE_EQ(Histogram::bound(1), 256e-6);
  EXPECT_DOUBLE_EQ(Histogram::bound(13), 1.048576);
}

TEST(Histogram, AnExactBoundFallsIntoItsOwnBucket) {
  for (std::size_t i = 0; i + 1 < Histogram::kBuckets; ++i) {
    SCOPED_TRACE(i);
    const std::chrono::nanoseconds bound{std::int64_t{128'000} << i};
    EXPECT_EQ(bucket_of(bound - 1ns), i);
    EXPECT_EQ(bucket_of(bound), i);
    EXPECT_EQ(bucket_of(bound + 1ns), i + 1);
  }
}

TEST(Histogram, TakesAnyDuration) {
  EXPECT_EQ(bucket_of(0ns), 0U);
  EXPECT_EQ(bucket_of(1ns), 0U);
  EXPECT_EQ(bucket_of(-5s), 0U);
  EXPECT_EQ(bucket_of(24h), Histogram::kBuckets - 1);
}

TEST(Histogram, SumsAndCountsSeveralAtOnce) {
  Histogram histogram;
  histogram.observe(1ms, 3);
  histogram.observe(2ms);
  histogram.observe(-1ms);
  EXPECT_EQ(histogram.sum_ns(), 5'000'000U);
  EXPECT_EQ(histogram.count(3), 3U);  // up to 1.024 ms
  EXPECT_EQ(histogram.count(4), 1U);
  EXPECT_EQ(histogram.count(0), 1U);
}

TEST(Labels, AreThoseOfTheContract) {
  EXPECT_STREQ(label(RetryReason::connection), "connection");
  EXPECT_STREQ(label(RetryReason::http_408), "408");
  EXPECT_STREQ(label(RetryReason::http_504), "504");
  EXPECT_STREQ(label(RetryReason::http_other), "other");
  EXPECT_STREQ(label(FailReason::refused), "refused");
  EXPECT_STREQ(label(FailReason::shutdown), "shutdown");
  EXPECT_STREQ(label(LinkState::idle), "idle");
  EXPECT_STREQ(label(LinkState::backing_off), "backing_off");
}

// Two shards that count different things.
class TwoShards : public testing::Test {
 protected:
  TwoShards() {
    a_.records_received.add(10);
    a_.events_delivered.add(4);
    a_.events_failed[FailReason::deadline].add(1);
    a_.events_retried[RetryReason::http_503].add(5);
    a_.posts[200].add(3);
    a_.posts[504].add();
    a_.posts_abandoned.add(2);
    a_.post_duration.observe(1ms);
    a_.queue_events.set(3);
    a_.queue_bytes.set(300);
    a_.connections.set(1);
    a_.in_flight_bytes.set(1000);
    a_.eventbus_connections[LinkState::ready].set(2);
    a_.eventbus_pipeline_depth.set(16);
    a_.eventbus_state[EndpointState::up].set(1);
    b_.eventbus_state[EndpointState::slow_start].set(1);
    b_.records_received.add(100);
    b_.events_delivered.add(90);
    b_.events_failed[FailReason::refused].add(5);
    b_.events_failed[FailReason::deadline].add(2);
    b_.events_retried[RetryReason::connection].add(1);
    b_.posts[200].add(7);
    b_.post_duration.observe(1ms);
    b_.post_duration.observe(1min);
    b_.delivery_duration.observe(1us, 90);
    b_.queue_events.set(1);
    b_.eventbus_connections[LinkState::ready].set(1);
    b_.eventbus_connections[LinkState::connecting].set(1);
    b_.eventbus_pipeline_depth.set(1);
  }
  [[nodiscard]] Snapshot snapshot() const {
    const ShardMetrics* const shards[] = {&a_, &b_};
    return take_snapshot(shards);
  }

  ShardMetrics a_;
  ShardMetrics b_;
};

TEST_F(TwoShards, AreSummed) {
  const Snapshot sum = snapshot();
  EXPECT_EQ(sum.received, 110U);
  EXPECT_EQ(sum.delivered, 94U);
  EXPECT_EQ(sum.failed_total(), 8U);
  EXPECT_EQ(sum.failed[static_cast<std::size_t>(FailReason::deadline)], 3U);
  EXPECT_EQ(sum.retried_total(), 6U);
  EXPECT_EQ(sum.in_flight(), 8U);
  EXPECT_EQ(sum.posts, (std::map<unsigned, std::uint64_t>{{200, 10}, {504, 1}}));
  EXPECT_EQ(sum.posts_abandoned, 2U);
  EXPECT_EQ(sum.post_duration.counts[3], 2U);
  EXPECT_EQ(sum.post_duration.counts[Histogram::kBuckets - 1], 1U);
  EXPECT_EQ(sum.post_duration.sum_ns, 60'002'000'000U);
  EXPECT_EQ(sum.delivery_duration.counts[0], 90U);
  EXPECT_EQ(sum.queue_events, 4U);
  EXPECT_EQ(sum.queue_bytes, 300U);
  EXPECT_EQ(sum.connections, 1U);
  EXPECT_EQ(sum.in_flight_bytes, 1000U);
  EXPECT_EQ(sum.links[static_cast<std::size_t>(LinkState::ready)], 3U);
  EXPECT_EQ(sum.links[static_cast<std::size_t>(LinkState::connecting)], 1U);
  EXPECT_EQ(sum.pipeline_depth, 17U);
}

TEST_F(TwoShards, AreShownToPrometheus) {
  ProcessState ready;
  ready.provisioning = "ready";
  const auto page = test::parse_exposition(prometheus_text(ready, snapshot()));
  const std::pair<const char*, double> samples[] = {
      {"cos_gateway_posts_total{code=\"200\"}", 10},
      {"cos_gateway_posts_total{code=\"504\"}", 1},
      {"cos_gateway_posts_abandoned_total", 2},
      {"cos_gateway_records_received_total", 110},
      {"cos_gateway_events_delivered_total", 94},
      {"cos_gateway_events_retried_total{reason=\"503\"}", 5},
      {"cos_gateway_events_retried_total{reason=\"connection\"}", 1},
      {"cos_gateway_events_retried_total{reason=\"timeout\"}", 0},
      {"cos_gateway_events_failed_total{reason=\"refused\"}", 5},
      {"cos_gateway_events_failed_total{reason=\"deadline\"}", 3},
      {"cos_gateway_events_dead_lettered_total", 0},
      {"cos_gateway_events_spooled_total", 0},
      {"cos_gateway_events_in_flight", 8},
      {"cos_gateway_queue_events", 4},
      {"cos_gateway_queue_bytes", 300},
      {"cos_gateway_post_duration_seconds_count", 3},
      {"cos_gateway_post_duration_seconds_sum", 60.002},
      {"cos_gateway_delivery_duration_seconds_count", 90},
      {"cos_gateway_eventbus_connections{state=\"ready\"}", 3},
      {"cos_gateway_eventbus_connections{state=\"backing_off\"}", 0},
      {"cos_gateway_eventbus_state{state=\"up\"}", 1},
      {"cos_gateway_eventbus_state{state=\"down\"}", 0},
      {"cos_gateway_eventbus_state{state=\"probing\"}", 0},
      {"cos_gateway_eventbus_state{state=\"slow_start\"}", 1},
      {"cos_gateway_eventbus_pipeline_depth", 17},
      {"cos_gateway_provisioning_state{state=\"ready\"}", 1},
  };
  for (const auto& [series, value] : samples) {
    const auto found = page.samples.find(series);
    if (found == page.samples.end()) {
      ADD_FAILURE() << series << " is missing";
    } else {
      EXPECT_DOUBLE_EQ(found->second, value) << series;
    }
  }
  EXPECT_EQ(page.total("cos_gateway_build_info"), 1);
}

// Each row of the table, in each of its places.
TEST(PrometheusText, ShowsEveryRowOfTheTable) {
  ShardMetrics shard;
  std::uint64_t next = 1;
#define COS_GATEWAY_COUNTER(member, ...) shard.member.add(next++);
#define COS_GATEWAY_COUNTER_BY(member, sum, Enum, ...)  \
  for (std::size_t i = 0; i < shard.member.size(); ++i) \
    shard.member[static_cast<Enum>(i)].add(next++);
#define COS_GATEWAY_GAUGE(member, ...) shard.member.set(next++);
#define COS_GATEWAY_GAUGE_BY(member, sum, Enum, ...)    \
  for (std::size_t i = 0; i < shard.member.size(); ++i) \
    shard.member[static_cast<Enum>(i)].set(next++);
#define COS_GATEWAY_HISTOGRAM(member, ...) shard.member.observe(1ms, next++);
  COS_GATEWAY_METRICS(COS_GATEWAY_COUNTER, COS_GATEWAY_COUNTER_BY, COS_GATEWAY_COUNTER,
                      COS_GATEWAY_COUNTER_BY, COS_GATEWAY_GAUGE, COS_GATEWAY_GAUGE_BY,
                      COS_GATEWAY_HISTOGRAM)
#undef COS_GATEWAY_COUNTER
#undef COS_GATEWAY_COUNTER_BY
#undef COS_GATEWAY_GAUGE
#undef COS_GATEWAY_GAUGE_BY
#undef COS_GATEWAY_HISTOGRAM
  const ShardMetrics* const shards[] = {&shard};
  const Snapshot sum = take_snapshot(shards);
  const auto page = test::parse_exposition(prometheus_text({}, sum));
  std::uint64_t expected = 1;
  for (const Metric& metric : metrics_of(sum)) {
    std::string name = std::string("cos_gateway_") + metric.name;
    if (metric.kind == Metric::Kind::counter) name += "_total";
    if (metric.kind == Metric::Kind::histogram) {
      EXPECT_EQ(page.samples.at(name + "_seconds_count"), static_cast<double>(expected++)) << name;
      continue;
    }
    for (std::size_t i = 0; i < metric.values.size(); ++i) {
      std::string series = name;
      if (metric.label != nullptr) {
        series += std::string("{") + metric.label + "=\"" + metric.value_of(i) + "\"}";
      }
      EXPECT_EQ(page.samples.at(series), static_cast<double>(expected++)) << series;
    }
  }
  EXPECT_EQ(expected, next);
}

TEST(PrometheusText, ShowsEverySeriesBeforeAnythingHappened) {
  const auto page = test::parse_exposition(prometheus_text({}, take_snapshot({})));
  EXPECT_THAT(page.types, testing::IsSupersetOf(test::documented_metrics()));
  EXPECT_EQ(page.samples.count("cos_gateway_posts_total{code=\"200\"}"), 1U);
  EXPECT_EQ(page.total("cos_gateway_events_in_flight"), 0);
}

}  // namespace
}  // namespace gateway::observe
