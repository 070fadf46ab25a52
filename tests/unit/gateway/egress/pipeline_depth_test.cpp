#include "gateway/egress/pipeline_depth.hpp"

#include <gtest/gtest.h>

namespace gateway::egress {
namespace {

using namespace std::chrono_literals;

constexpr Instant kStart{100'000s};

void answer(PipelineDepth& depth, unsigned times, Instant now) {
  for (unsigned i = 0; i < times; ++i) depth.answered(now);
}

// How long after `now` answers do not make it grow; the time of an oddity.
std::chrono::seconds hold_after_oddity(PipelineDepth& depth, Instant now) {
  depth.oddity(now);
  for (std::chrono::seconds held = 0s; held < 1h; held += 1s) {
    PipelineDepth copy = depth;
    copy.answered(now + held);
    if (copy.value() > 1) return held;
  }
  return 1h;
}

TEST(PipelineDepth, AFixedOneStays) {
  PipelineDepth depth(7);
  answer(depth, 1000, kStart);
  EXPECT_EQ(depth.value(), 7U);
  depth.oddity(kStart);
  EXPECT_EQ(depth.value(), 7U);
}

TEST(PipelineDepth, DoublesWithEveryFullPipe) {
  PipelineDepth depth(0);
  EXPECT_EQ(depth.value(), 1U);
  for (unsigned expected = 2; expected <= PipelineDepth::kMost; expected *= 2) {
    answer(depth, depth.value() - 1, kStart);
    EXPECT_EQ(depth.value(), expected / 2);
    answer(depth, 1, kStart);
    EXPECT_EQ(depth.value(), expected);
  }
  answer(depth, 10'000, kStart);
  EXPECT_EQ(depth.value(), PipelineDepth::kMost);
}

TEST(PipelineDepth, FallsBackToOneAndHoldsBeforeItGrowsAgain) {
  PipelineDepth depth(0);
  answer(depth, 1000, kStart);
  depth.oddity(kStart);
  EXPECT_EQ(depth.value(), 1U);
  answer(depth, 1000, kStart + 999ms);
  EXPECT_EQ(depth.value(), 1U);
  answer(depth, 1, kStart + 1s);
  EXPECT_EQ(depth.value(), 2U);
}

TEST(PipelineDepth, HoldsLongerEachTimeUpToABound) {
  PipelineDepth depth(0);
  Instant now = kStart;
  std::chrono::seconds expected = 1s;
  for (int i = 0; i < 12; ++i) {
    EXPECT_EQ(hold_after_oddity(depth, now), expected);
    now += expected + 1s;
    expected = std::min<std::chrono::seconds>(expected * 2, 300s);
  }
}

TEST(PipelineDepth, ForgetsAfterALongPeace) {
  PipelineDepth depth(0);
  EXPECT_EQ(hold_after_oddity(depth, kStart), 1s);
  EXPECT_EQ(hold_after_oddity(depth, kStart + 2s), 2s);
  EXPECT_EQ(hold_after_oddity(depth, kStart + 700s), 1s);
}

}  // namespace
}  // namespace gateway::egress
