#include "gateway/egress/connection_pool_size.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <random>

namespace gateway::egress {
namespace {

using namespace std::chrono_literals;

constexpr Instant kStart{1000s};
constexpr unsigned kMost = 64;

// An eventbus by what it answers in a second over so many connections.
using Server = std::function<double(unsigned connections)>;

Server serial(double each) {
  return [each](unsigned connections) { return each * connections; };
}
Server workers(unsigned number, double each) {
  return [=](unsigned connections) { return each * std::min(number, connections); };
}
// One that uses the pauses of a connection for others.
Server overlapping(double all) {
  return [all](unsigned connections) { return all * (1 - std::exp2(-0.5 * connections)); };
}
Server shared(double all) {
  return [all](unsigned) { return all; };
}

class Simulation {
 public:
  // `noise`: how far the rate of a tenth of a second is from what the server can do, at most.
  Simulation(Server server, double offered, double noise = 0.03, unsigned seed = 5)
      : server_(std::move(server)),
        offered_(offered),
        random_(seed),
        noise_(1 - noise, 1 + noise) {}

  void go(std::chrono::seconds time, bool hindered = false) {
    for (const Instant end = now_ + time; now_ < end; now_ += 100ms) {
      const double able = server_(count_.value()) * noise_(random_);
      answers_ += std::min(able, offered_) / 10;
      ConnectionPoolSize::Load load;
      load.answers = static_cast<std::uint64_t>(answers_);
      load.saturated = offered_ > able;
      load.hindered = hindered;
      load.answer_time = 30ms;
      if (count_.observe(load, now_)) ++changes_;
    }
  }
  void offer(double offered) { offered_ = offered; }
  void become(Server server) { server_ = std::move(server); }
  [[nodiscard]] unsigned connections() const { return count_.value(); }
  [[nodiscard]] double share_of(double best) const { return server_(count_.value()) / best; }
  [[nodiscard]] unsigned changes() const { return changes_; }

 private:
  Server server_;
  double offered_;
  ConnectionPoolSize count_{0, kMost};
  Instant now_ = kStart;
  double answers_ = 0;
  unsigned changes_ = 0;
  std::mt19937 random_;
  std::uniform_real_distribution<double> noise_;
};

TEST(ConnectionPoolSize, AFixedOneStays) {
  ConnectionPoolSize count(3, kMost);
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
  };
  for (const auto& c : cases) {
    Simulation run(c.server, 1e9);
    run.go(10s);
    EXPECT_GE(run.connections(), c.least) << c.name;
    EXPECT_LE(run.connections(), c.most) << c.name;
    EXPECT_GE(run.share_of(c.server(kMost)), 0.9) << c.name;
  }
}

// As on a machine that has other work.
TEST(ConnectionPoolSize, FindsTheBestAmidNoise) {
  for (const Server& server : {serial(33), workers(10, 33), overlapping(5000)}) {
    int good = 0;
    for (unsigned seed = 0; seed < 100; ++seed) {
      Simulation run(server, 1e9, 0.5, seed);
      run.go(10s);
      if (run.share_of(server(kMost)) >= 0.9) ++good;
    }
    EXPECT_GE(good, 90);
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
  EXPECT_LE(run.changes(), 2 * 8U) << "each time back again";
}

TEST(ConnectionPoolSize, FollowsAServerThatBecomesLarger) {
  Simulation run(workers(4, 33), 1e9);
  run.go(10s);
  EXPECT_LE(run.connections(), 4U);
  run.become(workers(32, 33));
  run.go(60s);
  EXPECT_EQ(run.connections(), 32U);
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
