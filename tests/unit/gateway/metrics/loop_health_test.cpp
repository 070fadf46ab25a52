#include "gateway/metrics/loop_health.hpp"

#include <gtest/gtest.h>

namespace gateway {
namespace {

using namespace std::chrono_literals;

constexpr Instant kNow{1'000s};

void beat(ShardMetrics& metrics, Instant at) {
  metrics.heartbeat_ns.store(at.time_since_epoch().count());
}

TEST(LoopHealth, NamesTheLoopThatDoesNotTurn) {
  ShardMetrics first;
  ShardMetrics second;
  LoopHealth loops;
  loops.add(first);
  loops.add(second);
  beat(first, kNow);
  beat(second, kNow - LoopHealth::kStalled);
  EXPECT_EQ(loops.failing(kNow), "");
  EXPECT_EQ(loops.failing(kNow + 1ns), "loop 1 does not turn");
}

TEST(LoopHealth, LoopsThatEndAreNoFault) {
  ShardMetrics metrics;
  LoopHealth loops;
  loops.add(metrics);
  beat(metrics, kNow);
  loops.stopping();
  EXPECT_EQ(loops.failing(kNow + 1h), "");
}

}  // namespace
}  // namespace gateway
