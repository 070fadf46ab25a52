#include "gateway/egress/pace.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <functional>
#include <memory>
#include <string>

namespace gateway::egress {
namespace {

using namespace std::chrono_literals;

constexpr Instant kStart{1000s};

// An eventbus that takes so many requests a second: whether it takes one now.
struct Limiter {
  const char* name;
  std::function<bool(Instant)> takes;
};

Limiter fixed_window(unsigned a_second) {
  struct State {
    std::int64_t window = 0;
    unsigned taken = 0;
  };
  auto state = std::make_shared<State>();
  return {"fixed window", [state, a_second](Instant now) {
            const auto window = now.time_since_epoch() / 1s;
            if (window != state->window) *state = {window, 0};
            return state->taken < a_second && ++state->taken != 0;
          }};
}
Limiter sliding_window(unsigned a_second) {
  auto taken = std::make_shared<std::deque<Instant>>();
  return {"sliding window", [taken, a_second](Instant now) {
            while (!taken->empty() && now - taken->front() >= 1s) taken->pop_front();
            if (taken->size() >= a_second) return false;
            taken->push_back(now);
            return true;
          }};
}
Limiter token_bucket(unsigned a_second) {
  struct State {
    double tokens = 0;
    Instant at = kStart;
  };
  auto state = std::make_shared<State>();
  return {"token bucket", [state, a_second](Instant now) {
            state->tokens += std::chrono::duration<double>(now - state->at).count() * a_second;
            state->tokens = std::min(state->tokens, a_second / 10.0);
            state->at = now;
            if (state->tokens < 1) return false;
            state->tokens -= 1;
            return true;
          }};
}

struct Outcome {
  double taken = 0;  // a second, of the last 30 s
  double first = 0;  // of the first 20 s
  unsigned refused = 0;
};

// A minute of `offered` requests a second that wait until they are taken.
Outcome run(const Limiter& limiter, double offered, std::chrono::seconds retry_after) {
  Pace pace;
  Outcome outcome;
  double waiting = 0;
  std::uint64_t taken = 0;
  std::uint64_t taken_before = 0;
  Instant held = kStart;
  int ticks = 0;
  for (Instant now = kStart; now < kStart + 60s; now += 1ms) {
    waiting += offered / 1000;
    if (ticks++ % 100 == 0) pace.observe(taken, now);
    if (now == kStart + 30s) taken_before = taken;
    if (now == kStart + 20s) outcome.first = static_cast<double>(taken) / 20;
    if (now < held) continue;
    std::size_t room = pace.active() ? pace.allowance(now) : 1'000'000;
    for (; room != 0 && waiting >= 1; --room) {
      if (pace.active()) pace.sent(1);
      if (limiter.takes(now)) {
        waiting -= 1;
        ++taken;
        continue;
      }
      ++outcome.refused;
      held = now + retry_after;
      pace.refused(now, held, taken, now);
      break;
    }
  }
  outcome.taken = static_cast<double>(taken - taken_before) / 30;
  return outcome;
}

TEST(Pace, BringsMostOfWhatIsAllowedThrough) {
  for (const auto& make : {fixed_window, sliding_window, token_bucket}) {
    for (const unsigned limit : {20U, 200U, 2000U}) {
      for (const double times : {1.2, 1.5, 10.0}) {
        for (const auto retry_after : {0s, 1s}) {
          const Limiter limiter = make(limit);
          SCOPED_TRACE(testing::Message() << limiter.name << ' ' << limit << " offered " << times
                                          << " times, Retry-After " << retry_after.count());
          const Outcome outcome = run(limiter, limit * times, retry_after);
          EXPECT_GE(outcome.taken, 0.85 * limit);
          // Who counts over a second shows all of its bound in the first one.
          const bool counts = make != token_bucket;
          if (counts && times < 2) EXPECT_GE(outcome.first, 0.85 * limit);
          EXPECT_LT(outcome.refused, 0.08 * 60 * limit) << "it is not asked over and over";
        }
      }
    }
  }
}

TEST(Pace, IsNotThereForOffersWithinTheBound) {
  for (const auto& make : {fixed_window, sliding_window, token_bucket}) {
    const Limiter limiter = make(200);
    const Outcome outcome = run(limiter, 150, 1s);
    EXPECT_EQ(outcome.refused, 0U) << limiter.name;
    EXPECT_NEAR(outcome.taken, 150, 1) << limiter.name;
  }
}

TEST(Pace, StartsWithWhatWasTakenInTheLastSecond) {
  Pace pace;
  for (int i = 0; i <= 30; ++i) {
    pace.observe(static_cast<std::uint64_t>(i) * 20, kStart + i * 100ms);
  }
  EXPECT_FALSE(pace.active());
  const Instant now = kStart + 3s;
  pace.refused(now, now + 1s, 600, now);
  EXPECT_TRUE(pace.active());
  EXPECT_NEAR(pace.per_second(), 190, 1);
  EXPECT_EQ(pace.allowance(now + 1s), 0U) << "nothing leaves within the wait, nor all after it";
  EXPECT_EQ(pace.allowance(now + 1010ms), 1U);
}

TEST(Pace, OneBurstOfRefusalsIsOne) {
  Pace pace;
  for (int i = 0; i <= 10; ++i) {
    pace.observe(static_cast<std::uint64_t>(i) * 100, kStart + i * 100ms);
  }
  const Instant now = kStart + 1s;
  pace.refused(now, now, 1000, now);
  const double once = pace.per_second();
  for (int i = 0; i < 100; ++i) pace.refused(now - 1ms, now, 1000, now + 1ms);
  EXPECT_EQ(pace.per_second(), once);
  pace.refused(now + 1s + 1ms, now, 1000, now + 1s + 2ms);
  EXPECT_LT(pace.per_second(), once);
}

TEST(Pace, SaysWhenTheNextMayLeave) {
  Pace pace;
  for (int i = 0; i <= 10; ++i) pace.observe(static_cast<std::uint64_t>(i), kStart + i * 100ms);
  Instant now = kStart + 1s;
  pace.refused(now, now, 10, now);
  for (int i = 0; i < 100; ++i) {
    const auto at = pace.sends_at(now);
    ASSERT_TRUE(at);
    EXPECT_EQ(pace.allowance(*at - 1ms), 0U);
    now = *at;
    ASSERT_EQ(pace.allowance(now), 1U);
    EXPECT_FALSE(pace.sends_at(now));
    pace.sent(1);
  }
}

TEST(Pace, ForgetsTheBoundInTime) {
  Pace pace;
  pace.observe(0, kStart);
  pace.refused(kStart, kStart, 0, kStart);
  EXPECT_GT(pace.per_second(), 1) << "nothing is known of it";
  pace.observe(0, kStart + 9min);
  EXPECT_TRUE(pace.active());
  pace.observe(0, kStart + 10min);
  EXPECT_FALSE(pace.active());
}

}  // namespace
}  // namespace gateway::egress
