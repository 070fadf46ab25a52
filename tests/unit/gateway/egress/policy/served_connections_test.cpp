// How many connections there are where the eventbus serves only some of them.
#include <gtest/gtest.h>

#include "unit/gateway/egress/policy/simulated_pool.hpp"

namespace gateway::egress {
namespace {

using namespace simulated;
using namespace std::chrono_literals;

TEST(ConnectionPoolSize, GoesBackToTheConnectionsThatAreServed) {
  Simulation run(serial(33), 1e9);
  run.go(3s);
  ASSERT_GT(run.connections(), 3U);
  run.unserved(3);
  EXPECT_EQ(run.connections(), 3U);
  run.go(15s);
  EXPECT_EQ(run.connections(), 3U) << "not again so soon";
  run.go(60s);
  EXPECT_EQ(run.connections(), kMost) << "it may serve more later";
}

TEST(ConnectionPoolSize, IsOneWhereNoMoreAreServed) {
  Simulation run(burdened_by_depth(), 1e9);
  run.unserved(1);
  EXPECT_EQ(run.connections(), 1U);
  int more = 0;
  for (int i = 0; i < 3000; ++i) {
    run.go(200ms);
    EXPECT_FALSE(run.single()) << "a leap would leave many without an answer";
    if (run.connections() == 1) continue;
    ++more;
    run.unserved(1);
  }
  EXPECT_LE(more, 6) << "of ten minutes";
  EXPECT_EQ(run.connections(), 1U);
}

// A trial may be over when it shows what is served.
TEST(ConnectionPoolSize, LearnsWhatIsServedAfterATrialToo) {
  Simulation run(burdened_by_depth(), 1e9);
  run.unserved(1);
  run.unserved(1);
  run.unserved(0);
  EXPECT_EQ(run.connections(), 1U);
  run.go(19s);
  EXPECT_EQ(run.connections(), 1U) << "all three are one occasion";
  int doubled = 0;
  for (int i = 0; i < 6000; ++i) {
    const unsigned before = run.connections();
    run.go(100ms);
    if (run.connections() == 1 && before == 2) {
      ++doubled;
      run.unserved(1);
    }
  }
  EXPECT_LE(doubled, 12) << "in ten minutes";
}

TEST(ConnectionPoolSize, TakesPipelinesUpAgainWhereFewAreServed) {
  Simulation run(burdened_by_depth(), 1e9);
  run.go(10s);
  ASSERT_TRUE(run.single());
  run.unserved(3);
  EXPECT_EQ(run.connections(), 3U);
  EXPECT_FALSE(run.single());
}

TEST(ConnectionPoolSize, ForgetsInTimeHowManyAreServed) {
  Simulation run(burdened_by_depth(), 1e9);
  run.unserved(1);
  run.go(310s);
  EXPECT_GE(run.connections(), ConnectionPoolSize::kFirst);
  run.go(310s);
  EXPECT_TRUE(run.single()) << "as if it had been a mistake";
}

TEST(ConnectionPoolSize, AFixedOneStaysWhateverIsServed) {
  ConnectionPoolSize count(4, kMost, true);
  count.unserved(1, kStart);
  EXPECT_EQ(count.value(), 4U);
}

}  // namespace
}  // namespace gateway::egress
