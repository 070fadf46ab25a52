#include "gateway/egress/policy/retry_advice.hpp"

#include <gtest/gtest.h>

#include <set>

#include "support/start.hpp"

namespace gateway::egress {
namespace {

using namespace std::chrono_literals;
using test::kStart;

// So many events a second for so many seconds, looked at twice a second.
class Stream {
 public:
  void run(std::uint64_t per_second, int seconds) {
    for (int i = 0; i < 2 * seconds; ++i) {
      now_ += 500ms;
      finished_ += per_second / 2;
      advice.observe(finished_, now_);
    }
  }
  RetryAdvice advice{1};

 private:
  Instant now_ = kStart;
  std::uint64_t finished_ = 0;
};

TEST(RetryAdvice, ExpectsTheWorstBeforeItHasSeenAnything) {
  RetryAdvice advice{1};
  EXPECT_EQ(advice.time_to_drain(1), 60s);
  EXPECT_EQ(advice.time_to_drain(0), 1s);
  advice.observe(1000, kStart);
  EXPECT_EQ(advice.time_to_drain(1), 60s) << "one look is no rate";
}

TEST(RetryAdvice, DividesByTheRateOfALongStream) {
  Stream stream;
  stream.run(1000, 60);
  EXPECT_EQ(stream.advice.time_to_drain(9'900), 10s);
  EXPECT_EQ(stream.advice.time_to_drain(1), 1s);
  EXPECT_EQ(stream.advice.time_to_drain(1500), 2s) << "rounded up";
  EXPECT_EQ(stream.advice.time_to_drain(10'000'000), 60s);
}

TEST(RetryAdvice, FollowsAChangeWithinSomeSeconds) {
  Stream stream;
  stream.run(1000, 60);
  stream.run(100, 3);
  const auto soon = stream.advice.time_to_drain(1000);
  EXPECT_GT(soon, 1s);
  EXPECT_LT(soon, 10s);
  stream.run(100, 30);
  EXPECT_EQ(stream.advice.time_to_drain(990), 10s);
  stream.run(0, 60);
  EXPECT_EQ(stream.advice.time_to_drain(1), 60s) << "nothing leaves";
}

TEST(RetryAdvice, TwoLooksAtOneInstantAreOne) {
  RetryAdvice advice{1};
  advice.observe(0, kStart);
  advice.observe(100, kStart + 1s);
  const auto before = advice.time_to_drain(500);
  advice.observe(100, kStart + 1s);
  EXPECT_EQ(advice.time_to_drain(500), before);
}

TEST(RetryAdvice, NeverShortensTheWaitAndAddsAtMostHalf) {
  Stream stream;
  stream.run(1000, 60);
  for (const std::size_t events : {0U, 1'500U, 6'900U, 10'000'000U}) {
    const auto wait = stream.advice.time_to_drain(events);
    std::set<std::chrono::seconds> seen;
    for (int i = 0; i < 2000; ++i) seen.insert(stream.advice.wait(events));
    EXPECT_EQ(*seen.begin(), wait);
    EXPECT_EQ(*seen.rbegin(), wait + (wait + 1s) / 2);
  }
}

}  // namespace
}  // namespace gateway::egress
