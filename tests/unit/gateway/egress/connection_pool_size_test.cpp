#include "gateway/egress/connection_pool_size.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <random>

#include "gateway/egress/pipeline_depth.hpp"

namespace gateway::egress {
namespace {

using namespace std::chrono_literals;

constexpr Instant kStart{1000s};
constexpr unsigned kMost = 64;

// An eventbus by what it answers in a second over so many connections with so many requests on
// each.
struct Server {
  std::function<double(unsigned connections, unsigned depth)> rate;
  Instant::duration alone;  // how long a request takes that comes alone
};

Server serial(double each) {
  return {[each](unsigned connections, unsigned) { return each * connections; }, 30ms};
}
Server workers(unsigned number, double each) {
  return {[=](unsigned connections, unsigned) { return each * std::min(number, connections); },
          30ms};
}
// One that uses the pauses of a connection for others.
Server overlapping(double all) {
  return {
      [all](unsigned connections, unsigned) { return all * (1 - std::exp2(-0.5 * connections)); },
      1ms};
}
Server shared(double all) {
  return {[all](unsigned, unsigned) { return all; }, 100us};
}
// One core, to which requests that wait behind others of their connection are a burden, as to
// uvicorn.
Server burdened_by_depth() {
  return {[](unsigned connections, unsigned depth) {
            const double burden = depth == 1 ? 1 : 1.17;
            return 6000 / burden * (1 - std::exp2(-0.7 * connections * depth));
          },
          1ms};
}
// One to which each doubling brings a little, as to gunicorn with workers that end early.
Server slowly_rising() {
  return {[](unsigned connections, unsigned) { return 2200 * std::pow(connections, 0.09); }, 3ms};
}
// One that handles the requests of a connection one by one, and reads many at once, as Go's.
Server better_with_depth() {
  return {[](unsigned connections, unsigned depth) {
            return 23'000 * std::min(1.0, connections / 2.0) * depth / (depth + 0.5);
          },
          100us};
}
// A core that is the busier the more connections there are.
Server worse_with_connections() {
  return {[](unsigned connections, unsigned) { return 8500 * std::pow(connections, -0.05); },
          300us};
}
Server distant(double all) {
  return {[all](unsigned connections, unsigned depth) {
            return std::min(all, connections * depth / 0.05);
          },
          50ms};
}

double best_of(const Server& server) {
  double best = 0;
  for (const unsigned connections : {1U, 4U, 16U, 64U}) {
    for (const unsigned depth : {1U, 8U, 64U}) {
      best = std::max(best, server.rate(connections, depth));
    }
  }
  return best;
}

class Simulation {
 public:
  // `noise`: how far the rate of a tenth of a second is from what the server can do, at most.
  Simulation(Server server, double offered, double noise = 0.03, unsigned seed = 5)
      : server_(std::move(server)), offered_(offered), random_(seed), noise_(1 - noise, 1 + noise) {
    depth_.answered_alone(server_.alone);
  }

  void go(Instant::duration time, bool hindered = false) {
    for (const Instant end = now_ + time; now_ < end; now_ += 100ms) {
      const double able = rate() * noise_(random_);
      answers_ += std::min(able, offered_) / 10;
      ConnectionPoolSize::Load load;
      load.answers = static_cast<std::uint64_t>(answers_);
      load.saturated = offered_ > able;
      load.hindered = hindered;
      load.deepening = depth_.grows(now_);
      load.alone = depth_.alone();
      // Little's law.
      const unsigned requests = count_.value() * depth_.value();
      if (able > 0) {
        load.answer_time =
            std::max(server_.alone, std::chrono::duration_cast<Instant::duration>(
                                        std::chrono::duration<double>(requests / able)));
      }
      if (load.saturated && able > 0) {
        for (Instant::duration gone{0}; gone < 100ms; gone += load.answer_time) {
          depth_.answered_full(depth_.value(), load.answer_time, now_);
        }
      }
      if (count_.observe(load, now_)) ++changes_;
      depth_.be_single(count_.single());
    }
  }
  void unserved(unsigned served) { count_.unserved(served, now_); }
  void offer(double offered) { offered_ = offered; }
  void become(Server server) { server_ = std::move(server); }
  [[nodiscard]] unsigned connections() const { return count_.value(); }
  [[nodiscard]] bool single() const { return count_.single(); }
  [[nodiscard]] double share_of_best() const { return rate() / best_of(server_); }
  [[nodiscard]] unsigned changes() const { return changes_; }

 private:
  [[nodiscard]] double rate() const { return server_.rate(count_.value(), depth_.value()); }

  Server server_;
  double offered_;
  ConnectionPoolSize count_{0, kMost, true};
  PipelineDepth depth_{0};  // that of each connection
  Instant now_ = kStart;
  double answers_ = 0;
  unsigned changes_ = 0;
  std::mt19937 random_;
  std::uniform_real_distribution<double> noise_;
};

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
