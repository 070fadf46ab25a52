#include "gateway/egress/policy/endpoint_health.hpp"

#include <gtest/gtest.h>

#include <random>

#include "support/start.hpp"

namespace gateway::egress {
namespace {

using namespace std::chrono_literals;
using test::kStart;
using State = EndpointHealth::State;
using End = EndpointHealth::End;

constexpr std::size_t kFull = 64;

config::Retry retry() {
  config::Retry retry;
  retry.initial = 100ms;
  retry.max = 10s;
  retry.multiplier = 2;
  return retry;
}

// An endpoint and its connections, one of them open.
class Health : public testing::Test {
 protected:
  Health() { connect(); }

  void connect() {
    EXPECT_TRUE(health_.may_connect(now_));
    health_.connecting();
    health_.connected();
  }
  void lose(std::optional<EndpointHealth::EventKey> lost) {
    health_.link_ended(End::useless, false, lost, now_);
  }
  // Failing first attempts, until it is down.
  void flood() {
    for (int i = 0; i < EndpointHealth::kFailing; ++i)
      health_.failing_answer(true, false, now_, now_);
    ASSERT_EQ(health_.state(), State::down);
  }
  void wait_for_probe() {
    const auto at = health_.sends_at(now_);
    ASSERT_TRUE(at);
    EXPECT_EQ(health_.allowance(0, *at - 1ns), 0U);
    now_ = *at;
    ASSERT_EQ(health_.allowance(0, now_), 1U);
  }
  void send_probe() {
    wait_for_probe();
    health_.sent(now_);
    ASSERT_EQ(health_.state(), State::probing);
    EXPECT_EQ(health_.allowance(1, now_), 0U);
  }

  EndpointHealth health_{retry(), kFull, 7};
  Instant now_ = kStart;
};

TEST_F(Health, IsUpAndUnrestrainedAtFirst) {
  EXPECT_EQ(health_.state(), State::up);
  EXPECT_TRUE(health_.unrestrained());
  EXPECT_EQ(health_.allowance(1'000'000, now_), EndpointHealth::kUnlimited);
  EXPECT_TRUE(health_.may_connect(now_)) << "several at once";
}

TEST_F(Health, GoesDownWhenNearlyAllAnswersOfAWindowFail) {
  for (int i = 0; i < EndpointHealth::kFailing - 1; ++i) {
    health_.failing_answer(true, false, now_, now_);
    if (i % 20 == 0) health_.good_answer(now_);
  }
  EXPECT_EQ(health_.state(), State::up);
  health_.failing_answer(true, false, now_, now_);
  EXPECT_EQ(health_.state(), State::down);
  EXPECT_FALSE(health_.unrestrained());
  EXPECT_EQ(health_.allowance(0, now_), 0U);
}

TEST_F(Health, StaysUpWhileTwoThirdsOfTheAnswersFail) {
  std::mt19937 random(1);
  for (int i = 0; i < 100'000; ++i) {
    if (random() % 3 == 0) {
      health_.good_answer(now_);
    } else {
      health_.failing_answer(true, false, now_, now_);
    }
    ASSERT_EQ(health_.state(), State::up) << i;
  }
}

TEST_F(Health, IsNotBroughtDownByTheRetriesOfOneEvent) {
  health_.failing_answer(true, false, now_, now_);
  for (int i = 0; i < 1000; ++i) health_.failing_answer(false, false, now_, now_);
  EXPECT_EQ(health_.state(), State::up);
}

TEST_F(Health, IsNotBroughtDownByAnEventThatBreaksConnections) {
  health_.link_ended(End::useless, false, 1, now_);
  for (unsigned i = 0; i < 100; ++i) {
    now_ = std::max(now_, health_.connects_at());
    connect();
    lose(1 + i % 2);
    EXPECT_EQ(health_.state(), State::up) << i;
  }
}

TEST_F(Health, GoesDownWhenConnectionsAreLostToDifferentEvents) {
  lose(1);
  for (EndpointHealth::EventKey lost = 2; lost <= EndpointHealth::kLinkFailures; ++lost) {
    EXPECT_EQ(health_.state(), State::up);
    now_ = health_.connects_at();
    connect();
    lose(lost);
  }
  EXPECT_EQ(health_.state(), State::down);
}

TEST_F(Health, AGoodAnswerForgivesFailedConnections) {
  for (int i = 0; i < 100; ++i) {
    health_.connecting();
    health_.connect_failed(false, now_);
    health_.good_answer(now_);
  }
  EXPECT_EQ(health_.state(), State::up);
}

// A server may have room for so many connections, and let others run into the timeout all at once.
TEST_F(Health, FailedConnectionsSayNothingWhileOthersAreAnswered) {
  health_.link_proven();
  for (int i = 0; i < 60; ++i) health_.connecting();
  for (int i = 0; i < 60; ++i) health_.connect_failed(true, now_);
  EXPECT_EQ(health_.state(), State::up);
  EXPECT_FALSE(health_.may_connect(now_)) << "another one, but not at once";
  EXPECT_LE(health_.connects_at(), now_ + 1s);
  now_ = health_.connects_at();
  EXPECT_TRUE(health_.may_connect(now_));
}

TEST_F(Health, AProbeThatCannotConnectFailsWhateverWasAnswered) {
  flood();
  lose(std::nullopt);
  now_ = health_.connects_at();
  ASSERT_TRUE(health_.may_connect(now_));
  health_.connecting();
  ASSERT_EQ(health_.state(), State::probing);
  health_.connect_failed(true, now_);
  EXPECT_EQ(health_.state(), State::down);
}

TEST_F(Health, ConnectsOnceAnIntervalAfterAFailure) {
  lose(std::nullopt);
  EXPECT_FALSE(health_.may_connect(now_));
  std::size_t attempts = 0;
  const Instant end = now_ + 100s;
  while (now_ < end) {
    now_ = health_.connects_at();
    ASSERT_TRUE(health_.may_connect(now_));
    health_.connecting();
    EXPECT_FALSE(health_.may_connect(now_)) << "another one, as well";
    EXPECT_EQ(health_.connects_at(), Instant::max());
    health_.connect_failed(false, now_);
    EXPECT_FALSE(health_.may_connect(now_));
    ++attempts;
  }
  // Full jitter: 0.4 s on average once the back-off has grown.
  EXPECT_GE(attempts, 180U);
  EXPECT_LE(attempts, 350U);
}

TEST_F(Health, OthersConnectOnceOneIsAnswered) {
  lose(std::nullopt);
  now_ = health_.connects_at();
  connect();
  EXPECT_FALSE(health_.may_connect(now_ + 1h)) << "it has not been answered";
  health_.link_proven();
  EXPECT_TRUE(health_.may_connect(now_));
}

TEST_F(Health, WaitsLongerAfterEveryFailedProbeButNeverASecond) {
  flood();
  Instant down_at = now_;
  Instant::duration longest{0};
  for (int i = 0; i < 200; ++i) {
    const Instant at = *health_.sends_at(now_);
    if (i < 3) {
      EXPECT_LE(at - down_at, 100ms * (1 << i));
    }
    EXPECT_LT(at - down_at, 1s);
    longest = std::max(longest, at - down_at);
    send_probe();
    health_.failing_answer(false, false, now_, now_);
    EXPECT_EQ(health_.state(), State::down);
    down_at = now_;
  }
  EXPECT_GT(longest, 700ms);
}

TEST_F(Health, FewEventsAreEnoughOverTime) {
  for (int i = 0; i < 3; ++i, now_ += 20s) {
    EXPECT_EQ(health_.state(), State::up);
    health_.failing_answer(true, false, now_, now_);
  }
  EXPECT_EQ(health_.state(), State::down) << "three posts a minute";
}

TEST_F(Health, ThreeFailuresAtOnceAreNoneOverTime) {
  for (int i = 0; i < 10; ++i) health_.failing_answer(true, false, now_, now_ + 100ms * i);
  EXPECT_EQ(health_.state(), State::up);
  health_.good_answer(now_);
  now_ += 20s;
  health_.failing_answer(true, false, now_, now_);
  EXPECT_EQ(health_.state(), State::up) << "a good answer in between forgives";
}

TEST_F(Health, AnswersThatLimitTheRateCountByTimeAlone) {
  for (int i = 0; i < 10'000; ++i) health_.failing_answer(true, true, now_, now_);
  EXPECT_EQ(health_.state(), State::up);
  now_ += 5s;
  health_.failing_answer(true, true, now_, now_);
  EXPECT_EQ(health_.state(), State::down);
}

TEST_F(Health, OneGoodSecondEndsSlowStartAndTheBackOff) {
  for (int outage = 0; outage < 10; ++outage) {
    flood();
    EXPECT_LE(*health_.sends_at(now_) - now_, 100ms) << "the first wait, each time";
    send_probe();
    health_.good_answer(now_);
    for (int i = 0; i < 20; ++i, now_ += 50ms) {
      EXPECT_EQ(health_.state(), State::slow_start);
      health_.good_answer(now_);
      health_.tick(true, now_);
    }
    EXPECT_TRUE(health_.tick(true, now_));
    EXPECT_EQ(health_.state(), State::up);
  }
}

TEST_F(Health, ASecondWithAFailureIsNotGood) {
  flood();
  send_probe();
  health_.good_answer(now_);
  for (int i = 0; i < 100; ++i, now_ += 50ms) {
    health_.good_answer(now_);
    if (i % 10 == 0) health_.failing_answer(false, false, now_, now_);
    EXPECT_FALSE(health_.tick(true, now_));
  }
  EXPECT_EQ(health_.state(), State::slow_start);
}

TEST_F(Health, AConnectionIsEnoughToBeUpWhereNothingWaits) {
  lose(std::nullopt);
  for (unsigned i = 1; i < EndpointHealth::kLinkFailures; ++i) {
    now_ = health_.connects_at();
    health_.connecting();
    health_.connect_failed(false, now_);
  }
  ASSERT_EQ(health_.state(), State::down);
  EXPECT_FALSE(health_.tick(false, now_ + 1h)) << "there is none";
  now_ = health_.connects_at();
  connect();
  EXPECT_EQ(health_.state(), State::probing);
  EXPECT_FALSE(health_.tick(true, now_)) << "what waits is sent";
  EXPECT_TRUE(health_.tick(false, now_));
  EXPECT_EQ(health_.state(), State::up);
  lose(std::nullopt);
  EXPECT_EQ(health_.state(), State::down) << "once more is enough";
}

TEST_F(Health, IsUpAgainAfterItsWaitWhereNothingWaits) {
  flood();
  EXPECT_FALSE(health_.tick(false, now_));
  now_ = *health_.sends_at(now_);
  EXPECT_TRUE(health_.tick(false, now_));
  EXPECT_EQ(health_.state(), State::up);
  health_.failing_answer(true, false, now_, now_);
  EXPECT_EQ(health_.state(), State::down);
}

TEST_F(Health, AProbeThatIsLostFails) {
  flood();
  send_probe();
  health_.link_proven();
  health_.link_ended(End::broken, true, 5, now_);
  EXPECT_EQ(health_.state(), State::down);
}

// As when the answer to a request before it says "Connection: close".
TEST_F(Health, AProbeThatGoesWithAnAnnouncedEndIsFollowedByAnother) {
  connect();
  health_.link_proven();
  health_.link_proven();
  flood();
  send_probe();
  health_.link_ended(End::quiet, true, 5, now_);
  EXPECT_EQ(health_.allowance(0, now_), 1U) << "on the other connection";
  health_.sent(now_);
  health_.link_ended(End::quiet, true, 5, now_);
  EXPECT_EQ(health_.allowance(0, now_), 0U);
  connect();
  EXPECT_EQ(health_.allowance(0, now_), 1U);
  health_.sent(now_);
  EXPECT_TRUE(health_.good_answer(now_));
  EXPECT_EQ(health_.state(), State::slow_start);
}

TEST_F(Health, AnswersToEarlierRequestsDecideNothing) {
  const Instant before = now_;
  flood();
  EXPECT_FALSE(health_.good_answer(before));
  EXPECT_EQ(health_.state(), State::down);
  send_probe();
  EXPECT_FALSE(health_.good_answer(before));
  health_.failing_answer(true, false, before, now_);
  EXPECT_EQ(health_.state(), State::probing);
}

TEST_F(Health, StartsSlowlyAndDoublesWithEveryWindowOfGoodAnswers) {
  flood();
  send_probe();
  EXPECT_TRUE(health_.good_answer(now_));
  EXPECT_EQ(health_.state(), State::slow_start);
  std::size_t answers = 1;
  for (std::size_t limit = 2; limit <= kFull; limit *= 2) {
    EXPECT_EQ(health_.allowance(0, now_), limit);
    EXPECT_EQ(health_.allowance(limit - 1, now_), 1U);
    EXPECT_EQ(health_.allowance(limit + 1, now_), 0U);
    for (std::size_t i = 0; i < limit; ++i, ++answers) {
      EXPECT_EQ(health_.state(), State::slow_start);
      EXPECT_EQ(health_.good_answer(now_), i + 1 == limit);
    }
  }
  EXPECT_EQ(health_.state(), State::up);
  EXPECT_TRUE(health_.unrestrained());
  EXPECT_EQ(answers, 2 * kFull - 1);
}

TEST_F(Health, AFailureInSlowStartSlowsDown) {
  flood();
  send_probe();
  for (int i = 0; i < 1 + 2 + 4; ++i) health_.good_answer(now_);
  EXPECT_EQ(health_.allowance(0, now_), 8U);
  health_.failing_answer(false, false, now_, now_);
  EXPECT_EQ(health_.allowance(0, now_), 4U);
  for (unsigned i = 2; i < EndpointHealth::kFailingAgain; ++i) {
    health_.failing_answer(false, false, now_, now_);
    EXPECT_EQ(health_.state(), State::slow_start);
  }
  EXPECT_EQ(health_.allowance(0, now_), 1U);
  health_.failing_answer(false, false, now_, now_);
  EXPECT_EQ(health_.state(), State::down);
}

TEST_F(Health, WithoutAConnectionTheProbeIsAConnection) {
  flood();
  health_.link_ended(End::quiet, false, std::nullopt, now_);
  now_ = *health_.sends_at(now_);
  EXPECT_EQ(health_.allowance(0, now_), 0U);
  EXPECT_FALSE(health_.may_connect(now_ - 1ms));
  EXPECT_EQ(health_.connects_at(), now_);
  connect();
  EXPECT_EQ(health_.state(), State::probing);
  EXPECT_FALSE(health_.may_connect(now_ + 1h));
  EXPECT_EQ(health_.allowance(0, now_), 1U) << "and then one request on it";
  health_.sent(now_);
  EXPECT_EQ(health_.allowance(1, now_ + 1h), 0U);
}

TEST_F(Health, ATrialThatWasClosedUnusedIsMadeAgain) {
  flood();
  health_.link_ended(End::quiet, false, std::nullopt, now_);
  now_ = health_.connects_at();
  connect();
  health_.link_ended(End::quiet, false, std::nullopt, now_);
  EXPECT_TRUE(health_.may_connect(now_));
}

TEST_F(Health, HoldsEverythingAsLongAsItIsAsked) {
  health_.hold(3s, now_);
  EXPECT_EQ(health_.state(), State::up);
  EXPECT_FALSE(health_.unrestrained());
  health_.hold(1s, now_);  // a shorter one does not shorten it
  EXPECT_EQ(health_.sends_at(now_), kStart + 3s);
  EXPECT_EQ(health_.allowance(0, kStart + 3s - 1ns), 0U);
  EXPECT_EQ(health_.allowance(0, kStart + 3s), EndpointHealth::kUnlimited);
  EXPECT_TRUE(health_.unrestrained());
}

TEST_F(Health, HoldsNoLongerThanTheLongestRetryAndNotForThePast) {
  health_.hold(std::chrono::seconds(9'999'999'999), now_);
  EXPECT_EQ(health_.sends_at(now_), kStart + 10s);
  now_ += 10s;
  EXPECT_EQ(health_.allowance(0, now_), EndpointHealth::kUnlimited);
  health_.hold(0s, now_);
  health_.hold(-5s, now_);
  EXPECT_TRUE(health_.unrestrained());
}

TEST_F(Health, AProbeWaitsForTheHoldToo) {
  flood();
  health_.hold(10s, now_);
  EXPECT_EQ(health_.sends_at(now_), kStart + 10s);
  EXPECT_EQ(health_.allowance(0, kStart + 10s - 1ns), 0U);
  EXPECT_EQ(health_.allowance(0, kStart + 10s), 1U);
}

TEST_F(Health, AProbeThatIsLostAtOneAddressOfSeveralIsFollowedByAnother) {
  flood();
  send_probe();
  health_.link_ended(End::inconclusive, false, 1, now_);
  EXPECT_EQ(health_.state(), State::down);
  EXPECT_LT(health_.connects_at(), Instant::max());
}

}  // namespace
}  // namespace gateway::egress
