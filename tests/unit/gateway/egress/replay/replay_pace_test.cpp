#include "gateway/egress/replay/replay_pace.hpp"

#include <gtest/gtest.h>

#include "support/start.hpp"

namespace gateway::egress {
namespace {

using namespace std::chrono_literals;
using test::kStart;

// All that may leave now leaves.
std::size_t use(ReplayPace& pace, Instant now) {
  const std::size_t events = pace.allowed(now);
  pace.took(events);
  return events;
}

TEST(ReplayPace, WithoutARateHoldsNothingUp) {
  ReplayPace pace(0);
  EXPECT_EQ(pace.allowed(kStart), ReplayPace::kUnlimited);
  pace.took(1'000'000);
  EXPECT_EQ(pace.allowed(kStart), ReplayPace::kUnlimited);
  EXPECT_LE(pace.next(kStart), kStart);
}

TEST(ReplayPace, LetsOneGoAtATimeAtALowRate) {
  ReplayPace pace(2);
  EXPECT_EQ(use(pace, kStart), 1u);
  EXPECT_EQ(use(pace, kStart), 0u);
  EXPECT_EQ(pace.next(kStart), kStart + 500ms);
  EXPECT_EQ(use(pace, kStart + 499ms), 0u);
  EXPECT_EQ(use(pace, kStart + 500ms), 1u);
  EXPECT_EQ(pace.next(kStart + 500ms), kStart + 1000ms);
}

TEST(ReplayPace, KeepsToTheRateHoweverOftenItIsAsked) {
  for (const double rate : {0.5, 7.0, 100.0, 33'333.0}) {
    for (const auto step : {1ms, 7ms, 60ms}) {
      ReplayPace pace(rate);
      std::size_t left = 0;
      constexpr auto kTime = 10s;
      for (Instant now = kStart; now < kStart + kTime; now += step) left += use(pace, now);
      EXPECT_NEAR(static_cast<double>(left), rate * 10, 1 + rate * 0.07) << rate;
      EXPECT_LE(static_cast<double>(left), rate * 10 + 1) << rate;
    }
  }
}

TEST(ReplayPace, MakesUpForATenthOfASecondAtMost) {
  ReplayPace pace(1000);
  EXPECT_EQ(use(pace, kStart), 1u);
  EXPECT_EQ(use(pace, kStart + 60s), 101u);
  EXPECT_EQ(use(pace, kStart + 60s), 0u);
}

TEST(ReplayPace, KeepsWhatWasNotUsedForTheNextMoment) {
  ReplayPace pace(100);
  static_cast<void>(use(pace, kStart));
  EXPECT_EQ(pace.allowed(kStart + 50ms), 5u);
  pace.took(2);
  EXPECT_EQ(pace.allowed(kStart + 50ms), 3u);
  EXPECT_EQ(pace.allowed(kStart + 60ms), 4u);
}

}  // namespace
}  // namespace gateway::egress
