#include "load/sink.hpp"

#include <gtest/gtest.h>

#include <map>

namespace gateway::load {
namespace {

using std::chrono::milliseconds;

TEST(AnswerPlan, WithoutFaultsAnswers200AtOnce) {
  AnswerPlan plan{SinkSettings()};
  EXPECT_TRUE(plan.plain());
  const AnswerPlan::Decision decision = plan.next();
  EXPECT_EQ(decision.status, 200U);
  EXPECT_EQ(decision.latency.count(), 0);
  EXPECT_FALSE(decision.cut);
}

TEST(AnswerPlan, FailsCutsAndDelaysAsOftenAsTold) {
  SinkSettings settings;
  settings.least_latency = milliseconds(1);
  settings.most_latency = milliseconds(3);
  settings.fail_share = 0.5;
  settings.fail_statuses = {429, 503};
  settings.cut_share = 0.2;
  AnswerPlan plan(settings);
  EXPECT_FALSE(plan.plain());
  std::map<unsigned, int> statuses;
  int cuts = 0;
  double latency = 0;
  for (int i = 0; i < 10'000; ++i) {
    const AnswerPlan::Decision decision = plan.next();
    EXPECT_GE(decision.latency, milliseconds(1));
    EXPECT_LE(decision.latency, milliseconds(3));
    latency += static_cast<double>(decision.latency.count()) / 1e6;
    if (decision.cut) ++cuts;
    if (!decision.cut) ++statuses[decision.status];
  }
  EXPECT_NEAR(cuts, 2000, 200);
  EXPECT_NEAR(statuses[200], 4000, 250);
  EXPECT_NEAR(statuses[429], 2000, 200);
  EXPECT_NEAR(statuses[503], 2000, 200);
  EXPECT_NEAR(latency / 10'000, 2, 0.1);
}

}  // namespace
}  // namespace gateway::load
