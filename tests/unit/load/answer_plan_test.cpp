#include "load/sink.hpp"

#include <gtest/gtest.h>

#include <map>

namespace gateway::load {
namespace {

using std::chrono::milliseconds;

TEST(AnswerPlan, WithoutFaultsAnswers200AtOnce) {
  AnswerPlan plan{SinkSettings()};
  EXPECT_TRUE(plan.plain());
  const test::Action action = plan.next();
  EXPECT_EQ(action.status, 200U);
  EXPECT_EQ(action.delay.count(), 0);
  EXPECT_EQ(action.then, test::Action::Then::keep);
}

TEST(AnswerPlan, FailsCutsAndDelaysAsOftenAsTold) {
  SinkSettings settings;
  settings.latency = {milliseconds(1), milliseconds(3)};
  settings.fail_share = 0.5;
  settings.fail_statuses = {429, 503};
  settings.cut_share = 0.2;
  AnswerPlan plan(settings);
  EXPECT_FALSE(plan.plain());
  std::map<unsigned, int> statuses;
  int cuts = 0;
  double latency = 0;
  for (int i = 0; i < 10'000; ++i) {
    const test::Action action = plan.next();
    if (action.then == test::Action::Then::close) {
      ++cuts;
      continue;
    }
    EXPECT_GE(action.delay, milliseconds(1));
    EXPECT_LE(action.delay, milliseconds(3));
    latency += static_cast<double>(action.delay.count()) / 1e6;
    ++statuses[action.status];
  }
  EXPECT_NEAR(cuts, 2000, 200);
  EXPECT_NEAR(statuses[200], 4000, 250);
  EXPECT_NEAR(statuses[429], 2000, 200);
  EXPECT_NEAR(statuses[503], 2000, 200);
  EXPECT_NEAR(latency / (10'000 - cuts), 2, 0.1);
}

}  // namespace
}  // namespace gateway::load
