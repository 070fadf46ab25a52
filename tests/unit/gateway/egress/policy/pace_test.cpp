#include "gateway/egress/policy/pace.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>

#include "support/start.hpp"

namespace gateway::egress {
namespace {

using namespace std::chrono_literals;
using test::kStart;
using Duration = Instant::duration;

// So many requests are taken a second, for `time`.
void take(Pace& pace, std::uint64_t a_second, Instant& now, Duration time) {
  for (const Instant end = now + time; now < end; now += 100ms) pace.taken(a_second / 10, now);
}

TEST(Pace, StartsWithWhatWasTakenInTheLastSecond) {
  Pace pace;
  Instant now = kStart;
  take(pace, 200, now, 3s);
  EXPECT_FALSE(pace.active());
  EXPECT_TRUE(pace.refused(now, 1s, now)) << "everything waits";
  EXPECT_TRUE(pace.active());
  EXPECT_NEAR(pace.per_second(), 190, 20);
  EXPECT_EQ(pace.take_leave(100, now + 1s), 0U) << "nothing leaves within the wait";
  EXPECT_EQ(pace.take_leave(100, now + 1010ms), 1U) << "nor all after it";
}

TEST(Pace, HasEverythingWaitAgainWhileNothingIsTaken) {
  Pace pace;
  Instant now = kStart;
  take(pace, 200, now, 1s);
  for (int i = 0; i < 5; ++i) {
    EXPECT_TRUE(pace.refused(now, 2s, now));
    EXPECT_EQ(pace.take_leave(1, now + 1990ms), 0U);
    now += 2010ms;
    EXPECT_EQ(pace.take_leave(1, now), 1U);
    now += 1ms;
  }
  EXPECT_NEAR(pace.per_second(), 190, 20) << "a wait that was too short says nothing about it";
}

TEST(Pace, HasOneRequestWaitThatCameTooEarly) {
  Pace pace;
  Instant now = kStart;
  take(pace, 200, now, 1s);
  EXPECT_TRUE(pace.refused(now, 1s, now));
  now += 1s;
  take(pace, 200, now, 1s);
  EXPECT_FALSE(pace.refused(now, 1s, now + 1ms));
  EXPECT_EQ(pace.take_leave(1, now + 10ms), 1U);
}

TEST(Pace, OneBurstOfRefusalsIsOne) {
  Pace pace;
  Instant now = kStart;
  take(pace, 1000, now, 1s);
  pace.refused(now, 0s, now);
  const double once = pace.per_second();
  for (int i = 0; i < 100; ++i) pace.refused(now - 1ms, 0s, now + 1ms);
  EXPECT_EQ(pace.per_second(), once);
}

TEST(Pace, SaysWhenTheNextMayLeave) {
  Pace pace;
  Instant now = kStart;
  take(pace, 10, now, 1s);
  pace.refused(now, 0s, now);
  for (int i = 0; i < 100; ++i) {
    const auto at = pace.sends_at(now);
    ASSERT_TRUE(at);
    EXPECT_EQ(pace.take_leave(1, *at - 1ms), 0U);
    now = *at;
    EXPECT_LE(pace.sends_at(now).value_or(now), now + 1us);
    now += 1us;
    ASSERT_EQ(pace.take_leave(1, now), 1U);
  }
  pace.return_leave(1);
  EXPECT_EQ(pace.take_leave(1, now), 1U) << "leave that was not used";
}

TEST(Pace, ForgetsTheLimitInTime) {
  Pace pace;
  pace.taken(0, kStart);
  pace.refused(kStart, 0s, kStart);
  EXPECT_GT(pace.per_second(), 1) << "nothing is known of it";
  pace.taken(0, kStart + 9min);
  EXPECT_TRUE(pace.active());
  pace.taken(0, kStart + 11min);
  EXPECT_FALSE(pace.active());
}

}  // namespace
}  // namespace gateway::egress
