#include "load/target_troubles.hpp"

#include <gtest/gtest.h>

#include "unit/load/built_gateway.hpp"

namespace gateway::load {
namespace {

// Below the two seconds after which a slow target answers.
TargetLoads brief() {
  TargetLoads loads;
  loads.rate = 200;
  loads.other_rate = 100;
  loads.connections = 8;
  loads.warmup_s = 0.1;
  loads.duration_s = 0.4;
  return loads;
}

TEST(TargetTroubles, BefallOneTargetAlone) {
  for (const bool stores : {false, true}) {
    for (const auto& [trouble, name] : kTroubles) {
      TargetLoads loads = brief();
      loads.stores = stores;
      loads.hints = !stores;
      const TroubleResult result = measure_beside(trouble, loads, built_gateway(), [](double) {});
      EXPECT_GT(result.healthy.posts, 20U) << name;
      EXPECT_TRUE(result.healthy.errors.empty()) << name;
      EXPECT_GT(result.latencies.count(), 0U) << name;
      // What a target does not take goes to the spool where there is one.
      if (trouble == Trouble::none) EXPECT_GT(result.other.posts, 10U);
      if (trouble != Trouble::none && !stores) EXPECT_EQ(result.other.posts, 0U) << name;
    }
  }
}

}  // namespace
}  // namespace gateway::load
