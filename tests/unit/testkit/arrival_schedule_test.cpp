#include "testkit/arrival_schedule.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace gateway::test {
namespace {

using Kind = ArrivalSchedule::Kind;
using std::chrono::nanoseconds;

const ArrivalSchedule::TimePoint kStart{std::chrono::hours(1)};

TEST(ArrivalSchedule, ConstantArrivalsDoNotDrift) {
  ArrivalSchedule schedule(Kind::constant, 3, kStart, 1);  // a third of a second is no nanoseconds
  EXPECT_EQ(schedule.due() - kStart, nanoseconds(333'333'333));
  for (int i = 1; i < 3'000'000; ++i) schedule.next();
  EXPECT_NEAR(static_cast<double>((schedule.due() - kStart).count()), 1e15, 1e5);
}

TEST(ArrivalSchedule, PoissonArrivalsKeepTheRateAndSpreadAsTheyShould) {
  constexpr int kCount = 100'000;
  ArrivalSchedule schedule(Kind::poisson, 1000, kStart, 7);
  double squares = 0;
  auto last = kStart;
  for (int i = 0; i < kCount; ++i) {
    const double gap = static_cast<double>((schedule.due() - last).count()) / 1e6;  // of 1 ms
    EXPECT_GE(gap, 0);
    squares += gap * gap;
    last = schedule.due();
    schedule.next();
  }
  EXPECT_NEAR(std::chrono::duration<double>(last - kStart).count(), 100, 2);
  // E[X^2] of an exponential distribution with mean 1 is 2.
  EXPECT_NEAR(squares / kCount, 2, 0.1);
}

TEST(ArrivalSchedule, SameSeedGivesTheSameTimes) {
  ArrivalSchedule one(Kind::poisson, 10, kStart, 3);
  ArrivalSchedule two(Kind::poisson, 10, kStart, 3);
  ArrivalSchedule other(Kind::poisson, 10, kStart, 4);
  EXPECT_NE(one.due(), other.due());
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(one.due(), two.due());
    one.next();
    two.next();
  }
}

}  // namespace
}  // namespace gateway::test
