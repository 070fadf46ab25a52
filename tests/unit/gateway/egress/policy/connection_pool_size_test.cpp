#include "gateway/egress/policy/connection_pool_size.hpp"

#include <gtest/gtest.h>

#include "unit/gateway/egress/policy/simulated_pool.hpp"

namespace gateway::egress {
namespace {

using namespace simulated;
using namespace std::chrono_literals;

TEST(ConnectionPoolSize, AFixedOneStays) {
  ConnectionPoolSize count(3, kMost, true);
  ConnectionPoolSize::Load load;
  load.saturated = true;
  for (int i = 0; i < 1000; ++i) EXPECT_FALSE(count.observe(load, kStart + i * 100ms));
  EXPECT_EQ(count.value(), 3U);
}

TEST(ConnectionPoolSize, FindsTheBestForEachKindOfServerWithinTenSeconds) {
  const struct {
    const char* name;
    Server server;
    unsigned least;
    unsigned most;
  } cases[] = {
      {"serial", serial(33), kMost, kMost},
      {"ten workers", workers(10, 33), 10, 16},
      {"three workers", workers(3, 500), 3, 4},
      {"shared", shared(50'000), 2, 2},
      {"burdened by depth", burdened_by_depth(), kMost, kMost},
      {"slowly rising", slowly_rising(), kMost, kMost},
      {"better with depth", better_with_depth(), 2, 2},
      {"worse with connections", worse_with_connections(), 2, 2},
      {"distant", distant(8000), 2, kMost},
  };
  for (const auto& c : cases) {
    for (unsigned seed = 0; seed < 20; ++seed) {
      Simulation run(c.server, 1e9, 0.03, seed);
      run.go(10s);
      EXPECT_GE(run.connections(), c.least) << c.name;
      EXPECT_LE(run.connections(), c.most) << c.name;
      EXPECT_GE(run.share_of_best(), 0.9) << c.name;
    }
  }
}

// As on a machine that has other work.
TEST(ConnectionPoolSize, FindsTheBestAmidNoise) {
  const struct {
    Server server;
    double noise;
  } cases[] = {
      {serial(33), 0.5},      {workers(10, 33), 0.5},          {overlapping(5000), 0.5},
      {slowly_rising(), 0.1}, {burdened_by_depth(), 0.1},      {better_with_depth(), 0.3},
      {distant(8000), 0.3},   {worse_with_connections(), 0.3},
  };
  for (const auto& c : cases) {
    int good = 0;
    for (unsigned seed = 0; seed < 100; ++seed) {
      Simulation run(c.server, 1e9, c.noise, seed);
      run.go(10s);
      if (run.share_of_best() >= 0.9) ++good;
    }
    EXPECT_GE(good, 90) << "case " << &c - cases;
  }
}

TEST(ConnectionPoolSize, GrowsNoFurtherThanTheLoadNeeds) {
  Simulation run(serial(33), 200);
  run.go(60s);
  EXPECT_EQ(run.connections(), 8U);
}

// Events that take seconds hold up all connections: nothing is answered but over new ones.
TEST(ConnectionPoolSize, GrowsWhereAllAreHeldUpIfOthersAreAnswered) {
  ConnectionPoolSize count(0, kMost, true);
  ConnectionPoolSize::Load load;
  load.saturated = load.held_up = true;
  for (int i = 0; i < 100; ++i) {
    if (count.value() > ConnectionPoolSize::kFirst) load.answers += 10;
    count.observe(load, kStart + i * 100ms);
  }
  EXPECT_GT(count.value(), ConnectionPoolSize::kFirst);
}

TEST(ConnectionPoolSize, LeavesAnEventbusAloneThatAnswersNothingAtAll) {
  ConnectionPoolSize count(0, kMost, true);
  ConnectionPoolSize::Load load;
  load.saturated = load.held_up = true;
  int trials = 0;
  for (int i = 0; i < 3000; ++i) {
    count.observe(load, kStart + i * 100ms);
    EXPECT_LE(count.value(), 2 * ConnectionPoolSize::kFirst);
    trials += count.trying() && count.value() > ConnectionPoolSize::kFirst ? 1 : 0;
  }
  EXPECT_EQ(count.value(), ConnectionPoolSize::kFirst);
  EXPECT_LT(trials, 300) << "a tenth of the time";
}

// A function that is started for each request, for instance.
TEST(ConnectionPoolSize, GrowsWhereARequestTakesSeconds) {
  for (const auto alone : {1500ms, 3000ms, 5000ms}) {
    for (unsigned seed = 0; seed < 20; ++seed) {
      const double each = 1000.0 / static_cast<double>(alone.count());
      Server server = serial(each);
      server.alone = alone;
      Simulation run(server, 20 * each, 0.03, seed);
      run.go(14 * alone);
      EXPECT_GE(run.connections(), 20U) << alone.count();
    }
  }
}

TEST(ConnectionPoolSize, TriesRarelyWhatBroughtNothing) {
  Simulation run(shared(50'000), 1e9);
  run.go(600s);
  EXPECT_EQ(run.connections(), 2U);
  EXPECT_LE(run.changes(), 2 * 2 * 8U) << "a doubling and a leap, each time back again";
}

TEST(ConnectionPoolSize, CostsAServerLittleThatGainsNothing) {
  for (const Server& server : {better_with_depth(), worse_with_connections(), distant(8000)}) {
    Simulation run(server, 1e9);
    run.go(10s);
    int leaping = 0;
    for (int i = 0; i < 600; ++i) {
      run.go(1s);
      if (run.single()) ++leaping;
    }
    EXPECT_LE(leaping, 8) << "seconds of ten minutes";
    EXPECT_GE(run.share_of_best(), 0.9);
  }
}

TEST(ConnectionPoolSize, SeldomRepeatsALeapThatEndedInRefusals) {
  Simulation run(slowly_rising(), 1e9);
  int leaps = 0;
  for (int i = 0; i < 600; ++i) {
    const bool before = run.single();
    run.go(1s, before);
    if (run.single() && !before) ++leaps;
  }
  EXPECT_GE(leaps, 1);
  EXPECT_LE(leaps, 3);
}

TEST(ConnectionPoolSize, LeapsNowhereWhereTheDepthIsGiven) {
  ConnectionPoolSize count(0, 4, false);
  ConnectionPoolSize::Load load;
  load.saturated = true;
  load.alone = 1ms;
  for (Instant now = kStart; now < kStart + 60s; now += 100ms) {
    load.answers += 100;
    count.observe(load, now);
    EXPECT_FALSE(count.single());
    EXPECT_LE(count.value(), 4U);
  }
}

// As a server that stops while it has so many connections.
TEST(ConnectionPoolSize, SeldomRepeatsALeapDuringWhichNothingIsAnswered) {
  Simulation run({[](unsigned connections, unsigned) { return connections < 64 ? 1000 : 0; }, 1ms},
                 1e9);
  int leaping = 0;
  for (int i = 0; i < 6000; ++i) {
    run.go(100ms);
    if (run.connections() == kMost) ++leaping;
  }
  EXPECT_GE(leaping, 1);
  EXPECT_LE(leaping, 160) << "tenths of a second of ten minutes";
}

TEST(ConnectionPoolSize, TakesAServerThatWarmsUpForNoGainOfALeap) {
  Simulation run(shared(5000), 1e9);
  for (double rate = 5000; rate < 50'000; rate *= 1.3) {
    run.become(shared(rate));
    run.go(1s);
  }
  run.go(3s);
  EXPECT_FALSE(run.single());
}

TEST(ConnectionPoolSize, LeavesADistantServerItsPipelines) {
  Simulation run(distant(8000), 1e9);
  for (int i = 0; i < 600; ++i) {
    run.go(1s);
    EXPECT_FALSE(run.single());
  }
}

TEST(ConnectionPoolSize, TakesPipelinesUpAgainWhenTheyAreBetter) {
  Simulation run(burdened_by_depth(), 1e9);
  run.go(10s);
  ASSERT_TRUE(run.single());
  run.become(better_with_depth());
  run.go(60s);
  EXPECT_FALSE(run.single());
  EXPECT_GE(run.share_of_best(), 0.9);
}

TEST(ConnectionPoolSize, ForgetsALeapWhenNothingWaits) {
  Simulation run(burdened_by_depth(), 1e9);
  run.go(10s);
  ASSERT_TRUE(run.single());
  run.offer(10);
  run.go(300s);
  EXPECT_EQ(run.connections(), ConnectionPoolSize::kFirst);
  EXPECT_FALSE(run.single());
}

TEST(ConnectionPoolSize, FollowsAServerThatBecomesLarger) {
  Simulation run(workers(4, 33), 1e9);
  run.go(10s);
  EXPECT_LE(run.connections(), 4U);
  run.become(workers(32, 33));
  run.go(60s);
  EXPECT_GE(run.connections(), 32U);
}

TEST(ConnectionPoolSize, ShrinksWhenNothingWaits) {
  Simulation run(serial(33), 1e9);
  run.go(10s);
  ASSERT_EQ(run.connections(), kMost);
  run.offer(10);
  run.go(20s);
  EXPECT_EQ(run.connections(), kMost) << "a pause is no reason";
  run.go(300s);
  EXPECT_EQ(run.connections(), ConnectionPoolSize::kFirst);
}

TEST(ConnectionPoolSize, StaysWhileNothingIsAnswered) {
  Simulation run(shared(0), 1e9);
  run.go(60s);
  EXPECT_EQ(run.connections(), ConnectionPoolSize::kFirst);
}

TEST(ConnectionPoolSize, LearnsNothingWhileSomethingElseBoundsTheRate) {
  Simulation run(serial(33), 1e9);
  run.go(60s, true);
  EXPECT_EQ(run.connections(), ConnectionPoolSize::kFirst);
  EXPECT_EQ(run.changes(), 0U);
}

}  // namespace
}  // namespace gateway::egress
