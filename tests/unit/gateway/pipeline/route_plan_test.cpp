#include "gateway/pipeline/route_plan.hpp"

#include <gtest/gtest.h>

namespace gateway {
namespace {

config::BucketEntry entry(std::string_view bucket, std::string eventbus, std::string function) {
  config::BucketEntry entry;
  entry.bucket.endpoint = std::string(bucket) + "-125.cos.ap-beijing.myqcloud.com";
  entry.target = "bus:1";
  entry.eventbus = std::move(eventbus);
  entry.function.region = "ap-beijing";
  entry.function.name = std::move(function);
  return entry;
}

TEST(RoutePlan, IsWhatTheTopLevelSaysWithoutBuckets) {
  config::Settings settings;
  settings.target = "bus:1";
  settings.bucket.endpoint = "a-125.cos.ap-beijing.myqcloud.com";
  const RoutePlan plan = route_plan(settings);
  EXPECT_TRUE(plan.table.empty());
  ASSERT_EQ(plan.styles.size(), 1U);
  EXPECT_EQ(plan.styles[0].source, "cos-gateway");
}

TEST(RoutePlan, HasEachTargetFunctionAndStyleOnce) {
  config::Settings settings;
  settings.target = "bus:1";
  settings.eventbus = "orders";
  settings.function.name = "one";
  settings.buckets = {entry("a", "orders", "one"), entry("b", "other", "two"),
                      entry("c", "other", "one"), entry("d", "orders", "two")};
  settings.buckets[3].event.data = config::EventData::records;
  settings.buckets[1].include = {"**.gz"};
  const RoutePlan plan = route_plan(settings);
  const auto routes = plan.table.routes();
  ASSERT_EQ(routes.size(), 4U);
  EXPECT_EQ(plan.targets.size(), 2U);
  EXPECT_EQ(plan.styles.size(), 3U);
  EXPECT_EQ(routes[0].bucket, "a-125");
  EXPECT_EQ(routes[0].target, 0);
  EXPECT_EQ(routes[0].style, 0);
  EXPECT_EQ(routes[0].function, 0);
  EXPECT_EQ(routes[1].target, 1);
  EXPECT_EQ(routes[1].style, 1);
  EXPECT_EQ(routes[1].function, 1);
  EXPECT_EQ(routes[1].include.size(), 1U);
  EXPECT_EQ(routes[2].target, 1);
  EXPECT_EQ(routes[2].style, 0);
  EXPECT_EQ(routes[3].style, 2);
  EXPECT_EQ(routes[3].function, 1);
}

}  // namespace
}  // namespace gateway
