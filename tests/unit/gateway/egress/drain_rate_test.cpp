#include "gateway/egress/drain_rate.hpp"

#include <gtest/gtest.h>

namespace gateway::egress {
namespace {

using namespace std::chrono_literals;

constexpr Instant kStart{1000s};

// So many events a second for so many seconds, looked at twice a second.
class Stream {
 public:
  void run(std::uint64_t per_second, int seconds) {
    for (int i = 0; i < 2 * seconds; ++i) {
      now_ += 500ms;
      finished_ += per_second / 2;
      rate.observe(finished_, now_);
    }
  }
  DrainRate rate;

 private:
  Instant now_ = kStart;
  std::uint64_t finished_ = 0;
};

TEST(DrainRate, ExpectsTheWorstBeforeItHasSeenAnything) {
  DrainRate rate;
  EXPECT_EQ(rate.time_to_drain(1), 60s);
  EXPECT_EQ(rate.time_to_drain(0), 1s);
  rate.observe(1000, kStart);
  EXPECT_EQ(rate.time_to_drain(1), 60s) << "one look is no rate";
}

TEST(DrainRate, DividesByTheRateOfALongStream) {
  Stream stream;
  stream.run(1000, 60);
  EXPECT_EQ(stream.rate.time_to_drain(9'900), 10s);
  EXPECT_EQ(stream.rate.time_to_drain(1), 1s);
  EXPECT_EQ(stream.rate.time_to_drain(1500), 2s) << "rounded up";
  EXPECT_EQ(stream.rate.time_to_drain(10'000'000), 60s);
}

TEST(DrainRate, FollowsAChangeWithinSomeSeconds) {
  Stream stream;
  stream.run(1000, 60);
  stream.run(100, 3);
  const auto soon = stream.rate.time_to_drain(1000);
  EXPECT_GT(soon, 1s);
  EXPECT_LT(soon, 10s);
  stream.run(100, 30);
  EXPECT_EQ(stream.rate.time_to_drain(990), 10s);
  stream.run(0, 60);
  EXPECT_EQ(stream.rate.time_to_drain(1), 60s) << "nothing leaves";
}

TEST(DrainRate, TwoLooksAtOneInstantAreOne) {
  DrainRate rate;
  rate.observe(0, kStart);
  rate.observe(100, kStart + 1s);
  const auto before = rate.time_to_drain(500);
  rate.observe(100, kStart + 1s);
  EXPECT_EQ(rate.time_to_drain(500), before);
}

}  // namespace
}  // namespace gateway::egress
