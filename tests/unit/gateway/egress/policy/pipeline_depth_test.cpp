#include "gateway/egress/policy/pipeline_depth.hpp"

#include <gtest/gtest.h>

#include "support/start.hpp"

namespace gateway::egress {
namespace {

using namespace std::chrono_literals;
using test::kStart;

void answer(PipelineDepth& depth, unsigned times, Instant now) {
  for (unsigned i = 0; i < times; ++i) depth.answered_full(1, 1us, now);
}

// How long after `now` answers do not make it grow; the time of an oddity.
std::chrono::seconds hold_after_oddity(PipelineDepth& depth, Instant now) {
  depth.oddity(now);
  for (std::chrono::seconds held = 0s; held < 1h; held += 1s) {
    PipelineDepth copy = depth;
    copy.answered_full(1, 1us, now + held);
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

TEST(PipelineDepth, KeepsWhatItKnowsOverAnExpectedEnd) {
  PipelineDepth depth(0);
  answer(depth, 100, kStart);
  const unsigned known = depth.value();
  depth.begin(true);
  EXPECT_EQ(depth.value(), known);
  depth.begin(false);
  EXPECT_EQ(depth.value(), 1U);
}

TEST(PipelineDepth, IsOneWhileSingleAndAfterwardsWhatItWas) {
  PipelineDepth depth(0);
  depth.answered_alone(60ms);
  answer(depth, 100, kStart);
  const unsigned known = depth.value();
  depth.be_single(true);
  answer(depth, 100, kStart);
  depth.answered_alone(1s);
  EXPECT_EQ(depth.value(), 1U);
  EXPECT_FALSE(depth.grows(kStart));
  EXPECT_EQ(depth.alone(), Instant::duration(60ms)) << "others made that answer slow";
  depth.be_single(false);
  EXPECT_EQ(depth.value(), known);
  PipelineDepth fixed(7);
  fixed.be_single(true);
  EXPECT_EQ(fixed.value(), 7U);
}

// A connection that is always full to a server `away`, that takes `each` for one request after the
// other.
unsigned depth_at(Instant::duration away, Instant::duration each) {
  PipelineDepth depth(0);
  depth.begin(false);
  Instant now = kStart;
  depth.answered_alone(away + each);
  for (int round = 0; round < 200; ++round) {
    const unsigned sent = depth.value();
    const auto time = std::max<Instant::duration>(away + each, each * sent);
    now += time;
    depth.answered_full(sent, time, now);
  }
  return depth.value();
}

TEST(PipelineDepth, GrowsAsLongAsItMakesAnswersComeFaster) {
  EXPECT_EQ(depth_at(60ms, 1us), PipelineDepth::kMost) << "far away";
  EXPECT_EQ(depth_at(0ms, 10us), PipelineDepth::kMost) << "fast";
  EXPECT_EQ(depth_at(0ms, 30ms), 2U) << "one after the other";
  EXPECT_LE(depth_at(60ms, 30ms), 8U) << "one after the other, and away";
  EXPECT_GE(depth_at(60ms, 30ms), 3U);
}

// Each answer is read by itself.
TEST(PipelineDepth, TakesABurstAfterASilenceForWhatItIs) {
  PipelineDepth depth(0);
  depth.answered_alone(60ms);
  Instant now = kStart;
  for (int round = 0; round < 12; ++round) {
    const unsigned sent = depth.value();
    for (unsigned i = 0; i < sent; ++i) {
      const Instant::duration time = i == 0 ? 60ms : 100us;
      now += time;
      depth.answered_full(1, time, now);
    }
  }
  EXPECT_EQ(depth.value(), PipelineDepth::kMost);
}

TEST(PipelineDepth, SaysWhetherItGoesOnGrowing) {
  PipelineDepth depth(0);
  EXPECT_TRUE(depth.grows(kStart));
  depth.oddity(kStart);
  EXPECT_FALSE(depth.grows(kStart));
  EXPECT_TRUE(depth.grows(kStart + 1s));
  depth.answered_alone(30ms);
  for (int i = 0; i < 4; ++i) depth.answered_full(2, 60ms, kStart + 2s);
  EXPECT_EQ(depth.value(), 2U);
  EXPECT_FALSE(depth.grows(kStart + 2s)) << "it is at its bound";
  EXPECT_FALSE(PipelineDepth(7).grows(kStart));
}

TEST(PipelineDepth, RecoversFromAPause) {
  PipelineDepth depth(0);
  depth.answered_alone(100us);
  answer(depth, 1000, kStart);
  ASSERT_EQ(depth.value(), PipelineDepth::kMost);
  depth.answered_full(256, 1s, kStart);
  EXPECT_EQ(depth.value(), PipelineDepth::kMost / 2);
  depth.answered_full(128, 1ms, kStart);
  EXPECT_EQ(depth.value(), PipelineDepth::kMost);
}

}  // namespace
}  // namespace gateway::egress
