#include "gateway/metrics/loop_health.hpp"

#include <gtest/gtest.h>

#include <exception>
#include <stdexcept>

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
  const Supervisor supervisor;
  LoopHealth loops(supervisor);
  loops.add(first);
  loops.add(second);
  beat(first, kNow);
  beat(second, kNow - LoopHealth::kStalled);
  EXPECT_EQ(loops.failing(kNow), "");
  EXPECT_EQ(loops.failing(kNow + 1ns), "loop 1 does not turn");
}

TEST(LoopHealth, LoopsThatEndAreNoFault) {
  ShardMetrics metrics;
  const Supervisor supervisor;
  LoopHealth loops(supervisor);
  loops.add(metrics);
  beat(metrics, kNow);
  loops.stopping();
  EXPECT_EQ(loops.failing(kNow + 1h), "");
}

TEST(LoopHealth, NamesThePartThatIsDown) {
  Supervisor supervisor;
  LoopHealth loops(supervisor);
  Supervisor::Part part(supervisor, "shard 0 listener");
  part.running();
  EXPECT_EQ(loops.failing(kNow), "");
  static_cast<void>(part.failed(std::make_exception_ptr(std::runtime_error("for a test"))));
  EXPECT_EQ(loops.failing(kNow), "shard 0 listener has failed and is started again");
}

}  // namespace
}  // namespace gateway
