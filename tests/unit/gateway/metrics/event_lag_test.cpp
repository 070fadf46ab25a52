#include "gateway/metrics/event_lag.hpp"

#include <gtest/gtest.h>

#include "gateway/observe/prometheus.hpp"
#include "gateway/observe/snapshot.hpp"
#include "support/exposition.hpp"

namespace gateway::observe {
namespace {

using namespace std::chrono_literals;

TEST(EventKind, IsTheFamilyOfTheCosEvent) {
  for (const auto& [name, kind] :
       {std::pair{"cos:ObjectCreated:Put", EventKind::created},
        std::pair{"cos:ObjectCreated:CompleteMultipartUpload", EventKind::created},
        std::pair{" cos:ObjectRemove:Delete ", EventKind::removed},
        std::pair{"cos:ObjectRestore:Completed", EventKind::restored},
        std::pair{"cos:ReducedRedundancyLostObject", EventKind::other},
        std::pair{"", EventKind::other}}) {
    EXPECT_EQ(kind_of(name), kind) << name;
  }
}

TEST(LagHistogram, CountsFromASecondToDays) {
  LagHistogram lags;
  lags.observe(0ms);
  lags.observe(-5s);
  lags.observe(1s);
  lags.observe(1001ms);
  lags.observe(24h);
  lags.observe(48h);
  EXPECT_EQ(lags.count(0), 3U);
  EXPECT_EQ(lags.count(1), 1U);
  EXPECT_EQ(lags.count(LagHistogram::kBuckets - 2), 1U);
  EXPECT_EQ(lags.count(LagHistogram::kBuckets - 1), 1U);
  EXPECT_EQ(lags.sum_ms(), 2'001U + 72 * 3'600'000U);
}

TEST(EventLag, IsAHistogramByFamilyOverAllShards) {
  ShardMetrics one;
  ShardMetrics other;
  one.event_lag[EventKind::created].observe(2s);
  other.event_lag[EventKind::created].observe(90s);
  other.event_lag[EventKind::removed].observe(1s);
  other.loop_lag.observe(1ms);
  const std::array<const ShardMetrics*, 2> shards{&one, &other};
  const auto page = test::parse_exposition(prometheus_text({}, take_snapshot(shards)));
  EXPECT_EQ(page.types.at("cos_gateway_event_lag_seconds"), "histogram");
  const auto at = [&](const char* series) { return page.samples.at(series); };
  EXPECT_EQ(at(R"(cos_gateway_event_lag_seconds_count{type="created"})"), 2);
  EXPECT_EQ(at(R"(cos_gateway_event_lag_seconds_sum{type="created"})"), 92);
  EXPECT_EQ(at(R"(cos_gateway_event_lag_seconds_bucket{type="created",le="60"})"), 1);
  EXPECT_EQ(at(R"(cos_gateway_event_lag_seconds_count{type="removed"})"), 1);
  EXPECT_EQ(at(R"(cos_gateway_event_lag_seconds_count{type="restored"})"), 0);
  EXPECT_EQ(page.total("cos_gateway_loop_lag_seconds_count"), 1);
}

}  // namespace
}  // namespace gateway::observe
