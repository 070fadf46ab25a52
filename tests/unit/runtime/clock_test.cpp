#include "runtime/clock.hpp"

#include <gtest/gtest.h>

namespace gateway {
namespace {

using namespace std::chrono_literals;

TEST(Clock, StandsStillBetweenReadings) {
  Clock clock;
  const Instant before = clock.now();
  EXPECT_EQ(clock.now(), before);
  const Instant read = clock.refresh();
  EXPECT_GE(read, before);
  EXPECT_EQ(clock.now(), read);
}

TEST(Clock, DerivesWallTimeFromTheSteadyOne) {
  const Clock clock;
  EXPECT_EQ(clock.wall(clock.now() + 1500ms) - clock.wall(clock.now()), 1500ms);
  EXPECT_EQ(clock.wall(clock.now()) - clock.wall(clock.now() - 1h), 1h);
}

TEST(Clock, AgreesWithTheSystemAtATick) {
  Clock clock;
  const auto before = std::chrono::system_clock::now();
  clock.tick();
  const auto after = std::chrono::system_clock::now();
  // The offset is taken from two clocks read one after the other.
  EXPECT_GE(clock.wall(clock.now()), std::chrono::floor<std::chrono::milliseconds>(before));
  EXPECT_LE(clock.wall(clock.now()), after);
}

}  // namespace
}  // namespace gateway
