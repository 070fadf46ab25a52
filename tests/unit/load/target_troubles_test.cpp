#include "load/target_troubles.hpp"

#include <gtest/gtest.h>

#include <boost/json/object.hpp>

#include "unit/load/built_gateway.hpp"

namespace gateway::load {
namespace {

// Below the two seconds after which a slow target answers.
Scenario brief_troubles() {
  Scenario scenario = two_targets();
  scenario.load.rate = 200;
  scenario.other.rate = 100;
  scenario.load.connections = 8;
  scenario.warmup_s = 0.1;
  scenario.duration_s = 0.4;
  return scenario;
}

TEST(TargetTroubles, BefallOneTargetAlone) {
  for (const bool stores : {false, true}) {
    for (const auto& [trouble, name] : kTroubles) {
      Scenario scenario = brief_troubles();
      scenario.gateway.form.stores = stores;
      if (stores) scenario.form.bucket.clear();
      scenario.other.trouble = trouble;
      const RunResult result = measure(scenario, built_gateway(), [](double) {});
      EXPECT_GT(figure(result, "/targets/healthy/posts"), 20) << name;
      EXPECT_TRUE(result.at("result").at("targets").at("healthy").at("errors").as_object().empty())
          << name;
      EXPECT_GT(figure(result, "/latency_us/p50"), 0) << name;
      // What a target does not take goes to the spool where there is one.
      const double others = figure(result, "/targets/other/posts");
      if (trouble == Trouble::none) EXPECT_GT(others, 10);
      if (trouble != Trouble::none && !stores) EXPECT_EQ(others, 0) << name;
    }
  }
}

}  // namespace
}  // namespace gateway::load
