#include "gateway/egress/pace.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <queue>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "unit/gateway/egress/limiters.hpp"

namespace gateway::egress {
namespace {

using namespace std::chrono_literals;
using Duration = Instant::duration;

constexpr Instant kStart{1000s};

// How an eventbus behind a limiter refuses, and how far away it is.
struct World {
  double offered = 0;  // requests a second, which wait until they are taken
  Duration retry_after{};
  Duration round_trip = 500us;
  bool bare_503 = false;
  double burst = 0;    // requests that are offered besides, all at once, after ten seconds
  Duration held_up{};  // the eventbus is not run for up to so long, now and then
};

struct Outcome {
  double taken = 0;  // a second, of the last 30 s
  double first = 0;  // of the first 20 s
  double refused = 0;
  Duration longest{};  // that a request waited
};

// A minute of a gateway in front of a limiter, in virtual time. Requests arrive a little late, and
// so do timers.
class Dialogue {
 public:
  Dialogue(test::Limiter limiter, const World& world)
      : limiter_(std::move(limiter)), world_(world) {}

  Outcome run() {
    for (; now_ < kStart + 60s; now_ = next()) {
      if (now_ >= tick_) {
        tell();
        tick_ += 100ms;
      }
      for (; now_ >= offer_; offer_ += seconds(1 / world_.offered)) {
        if (waiting_.size() < kQueue) waiting_.push({offer_, 0});
      }
      if (now_ >= kStart + 10s) {
        for (double more = std::exchange(world_.burst, 0); more >= 1; --more)
          waiting_.push({now_, 0});
      }
      for (; due(delayed_); delayed_.pop()) waiting_.push(delayed_.top().request);
      for (; due(arriving_); arriving_.pop()) arrive(arriving_.top());
      for (; due(answers_); answers_.pop()) answer(answers_.top());
      send();
    }
    outcome_.taken /= 30;
    outcome_.first /= 20;
    return outcome_;
  }

 private:
  struct Request {
    Instant offered;
    unsigned attempts = 0;
  };
  struct Step {
    Instant at;
    Instant staged;
    Request request;
    bool taken = false;
    bool operator<(const Step& other) const { return at > other.at; }
  };
  using Steps = std::priority_queue<Step>;

  static Duration seconds(double number) {
    return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(number));
  }
  Duration up_to(Duration most) {
    return Duration(std::uniform_int_distribution<Duration::rep>(0, most.count())(random_));
  }
  [[nodiscard]] bool due(const Steps& steps) const {
    return !steps.empty() && steps.top().at <= now_;
  }
  [[nodiscard]] Instant next() const {
    Instant at = std::min({tick_, offer_, timer_});
    for (const Steps* steps : {&delayed_, &arriving_, &answers_}) {
      if (!steps->empty()) at = std::min(at, steps->top().at);
    }
    return std::max(at, now_ + 1us);
  }

  Instant arrives(Instant at) {
    if (world_.held_up == Duration{}) return at;
    while (at >= held_up_until_) {
      held_up_from_ = held_up_until_ + up_to(5 * world_.held_up);
      held_up_until_ = held_up_from_ + up_to(world_.held_up);
    }
    return at < held_up_from_ ? at : held_up_until_;
  }

  void tell() { pace_.taken(std::exchange(untold_, 0), now_); }

  void arrive(Step step) {
    step.taken = limiter_.takes(now_);
    step.at = now_ + world_.round_trip / 2 + up_to(kLate);
    answers_.push(step);
  }
  void answer(Step step) {
    if (step.taken) {
      ++untold_;
      if (now_ < kStart + 20s) ++outcome_.first;
      if (now_ >= kStart + 30s) ++outcome_.taken;
      outcome_.longest = std::max(outcome_.longest, now_ - step.request.offered);
      return;
    }
    ++outcome_.refused;
    tell();
    bool all_wait = false;
    if (world_.bare_503) {
      static_cast<void>(pace_.perhaps_refused(step.staged, now_));
    } else {
      all_wait = pace_.refused(step.staged, world_.retry_after, now_);
    }
    if (all_wait) held_ = std::max(held_, now_ + world_.retry_after);
    const bool asked = all_wait && world_.retry_after != Duration{};
    const Duration grown = 100ms * (1U << std::min(step.request.attempts++, 6U));
    step.at = now_ + (asked ? world_.retry_after : up_to(grown));
    delayed_.push(step);
  }
  void send() {
    if (now_ < timer_ && timer_ != Instant::max() && pace_.active()) return;
    timer_ = Instant::max();
    if (waiting_.empty()) return;
    if (now_ >= held_) {
      constexpr std::size_t kInFlight = 512;
      std::size_t room = kInFlight - std::min(kInFlight, arriving_.size() + answers_.size());
      if (pace_.active()) {
        tell();
        room = pace_.take_leave(std::min(room, waiting_.size()), now_);
      }
      for (; room != 0 && !waiting_.empty(); --room) {
        const Instant at = now_ + world_.round_trip / 2 + up_to(kLate);
        arriving_.push({arrives(at), now_, waiting_.front()});
        waiting_.pop();
      }
    }
    if (pace_.active()) {
      timer_ = std::max(held_, pace_.sends_at(now_).value_or(now_)) + 50us + up_to(kLate);
    } else if (now_ < held_) {
      timer_ = held_;
    }
  }

  static constexpr std::size_t kQueue = 10'000;
  static constexpr Duration kLate = 50us;
  test::Limiter limiter_;
  World world_;
  Pace pace_;
  Outcome outcome_;
  std::minstd_rand random_;  // NOLINT(cert-msc51-cpp): the same each time
  std::queue<Request> waiting_;
  Steps delayed_;
  Steps arriving_;
  Steps answers_;
  std::uint64_t untold_ = 0;
  Instant now_ = kStart;
  Instant tick_ = kStart;
  Instant offer_ = kStart;
  Instant held_ = kStart;
  Instant held_up_from_ = kStart;
  Instant held_up_until_ = kStart;
  Instant timer_ = Instant::max();
};

std::vector<test::Limiter> limiters(double a_second) {
  std::vector<test::Limiter> all{test::fixed_window(a_second, 1s),
                                 test::fixed_window(a_second, 10s),
                                 test::sliding_window(a_second, 1s),
                                 test::token_bucket(a_second, 1),
                                 test::token_bucket(a_second, 5),
                                 test::token_bucket(a_second, a_second),
                                 test::limit_req(a_second, 0),
                                 test::limit_req(a_second, 5),
                                 test::limit_req(a_second, a_second / 10)};
  if (a_second >= 100) all.push_back(test::fixed_window(a_second, 100ms));
  return all;
}

// By the rate that the limiter allows.
class PaceBehind : public testing::TestWithParam<double> {};

TEST_P(PaceBehind, BringsMostOfWhatIsAllowedThrough) {
  const double allowed = GetParam();
  for (const double times : {1.2, 5.0}) {
    for (const Duration retry_after : {Duration(0s), Duration(1s)}) {
      for (const Duration round_trip : {Duration(500us), Duration(100ms)}) {
        for (test::Limiter& limiter : limiters(allowed)) {
          SCOPED_TRACE(testing::Message()
                       << limiter.name << ", offered " << times << " times, Retry-After "
                       << retry_after / 1s << " s, round trip " << round_trip / 1us << " us");
          // Who counts over a second shows all of its bound in the first one.
          const bool shown = times < 2 && limiter.name.find("window") != std::string::npos;
          const Outcome outcome =
              Dialogue(std::move(limiter), {allowed * times, retry_after, round_trip}).run();
          EXPECT_GE(outcome.taken, 0.85 * allowed);
          EXPECT_GE(outcome.first, (shown ? 0.85 : 0.7) * allowed) << "it learns within seconds";
          // Far away, more are on their way when a limit is reached.
          const double refused = round_trip < 10ms ? 0.3 : 0.5;
          EXPECT_LT(outcome.refused, refused * 60 * allowed) << "it is not asked over and over";
        }
      }
    }
  }
}

TEST_P(PaceBehind, HasNothingWaitLongForOffersWithinTheLimit) {
  const double allowed = GetParam();
  for (const double times : {0.75, 0.85}) {
    for (const Duration retry_after : {Duration(0s), Duration(1s)}) {
      for (test::Limiter& limiter : limiters(allowed)) {
        SCOPED_TRACE(testing::Message() << limiter.name << ", offered " << times
                                        << " times, Retry-After " << retry_after / 1s << " s");
        const Outcome outcome = Dialogue(std::move(limiter), {allowed * times, retry_after}).run();
        EXPECT_GE(outcome.taken, 0.98 * times * allowed);
        EXPECT_LT(outcome.longest, 10s);
      }
    }
  }
}

// nginx says 503 unless told otherwise.
TEST_P(PaceBehind, FindsOutThatABare503MeansTheRate) {
  const double allowed = GetParam();
  for (const double times : {1.2, 5.0}) {
    for (const double burst : {0.0, 5.0, 20.0}) {
      SCOPED_TRACE(testing::Message() << "burst " << burst << ", offered " << times << " times");
      World world{allowed * times};
      world.bare_503 = true;
      const Outcome outcome = Dialogue(test::limit_req(allowed, burst), world).run();
      EXPECT_GE(outcome.taken, 0.85 * allowed);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(RatesASecond, PaceBehind, testing::Values(20, 200));

TEST(Pace, KeepsUpWithAFastLimiter) {
  constexpr double kAllowed = 1000;
  for (const Duration retry_after : {Duration(0s), Duration(1s)}) {
    for (test::Limiter limiter : {test::fixed_window(kAllowed, 1s), test::token_bucket(kAllowed, 5),
                                  test::limit_req(kAllowed, 0), test::limit_req(kAllowed, 5)}) {
      SCOPED_TRACE(testing::Message()
                   << limiter.name << ", Retry-After " << retry_after / 1s << " s");
      const Outcome outcome =
          Dialogue(std::move(limiter), {1.2 * kAllowed, retry_after, 10ms}).run();
      EXPECT_GE(outcome.taken, 0.85 * kAllowed);
    }
  }
}

TEST(Pace, OutlastsALimiterThatCountsWhatItRefuses) {
  for (const double allowed : {20.0, 200.0, 1000.0}) {
    for (const Duration retry_after : {Duration(0s), Duration(1s)}) {
      for (test::Limiter limiter :
           {test::sliding_window(allowed, 1s, true), test::http_req_rate(allowed)}) {
        SCOPED_TRACE(testing::Message() << limiter.name << " of " << allowed << ", Retry-After "
                                        << retry_after / 1s << " s");
        const Outcome outcome = Dialogue(std::move(limiter), {allowed * 1.2, retry_after}).run();
        EXPECT_GE(outcome.taken, 0.85 * allowed);
      }
    }
  }
}

// It depends on chance at which moment of a quota's second the gateway begins.
TEST(Pace, KeepsToAQuotaWheneverItsSecondBegins) {
  constexpr double kAllowed = 200;
  for (Duration later{}; later < 1s; later += 37ms) {
    SCOPED_TRACE(later / 1ms);
    test::Limiter quota{"quota", [window = test::fixed_window(kAllowed, 1s), later](
                                     Instant now) mutable { return window.takes(now + later); }};
    const Outcome outcome = Dialogue(std::move(quota), {5 * kAllowed, Duration(1s)}).run();
    EXPECT_GE(outcome.taken, 0.95 * kAllowed);
    EXPECT_GE(outcome.first, 0.7 * kAllowed);
  }
}

// Each time that it is met, such a limit costs ten seconds.
TEST(Pace, MakesLongWaitsRare) {
  for (const double allowed : {200.0, 1000.0}) {
    SCOPED_TRACE(allowed);
    const Outcome outcome =
        Dialogue(test::http_req_rate(allowed), {allowed * 1.2, Duration(10s)}).run();
    EXPECT_GE(outcome.taken, 0.8 * allowed);
  }
}

// A machine that is busy, or a network: of requests that are held up and arrive together most are
// refused, at any rate. A sixth of the time is lost where nothing may be made up for.
TEST(Pace, KeepsTheRateWhereRequestsAreHeldUp) {
  constexpr double kAllowed = 1000;
  for (const Duration held_up : {Duration(100ms), Duration(200ms)}) {
    for (const Duration retry_after : {Duration(0s), Duration(1s)}) {
      for (const double burst : {0.0, 5.0}) {
        SCOPED_TRACE(testing::Message() << "burst " << burst << ", held up for " << held_up / 1ms
                                        << " ms, Retry-After " << retry_after / 1s << " s");
        World world{1.5 * kAllowed, retry_after};
        world.held_up = held_up;
        const Outcome outcome = Dialogue(test::limit_req(kAllowed, burst), world).run();
        EXPECT_GE(outcome.taken, 0.6 * kAllowed);
      }
    }
  }
}

TEST(Pace, FindsWithinSecondsThatALimitWasRaised) {
  for (const Duration retry_after : {Duration(0s), Duration(1s)}) {
    for (const auto& make :
         {+[](double a_second) { return test::limit_req(a_second, 20); },
          +[](double a_second) { return test::limit_req(a_second, 0); },
          +[](double a_second) { return test::fixed_window(a_second, 1s); },
          +[](double a_second) { return test::token_bucket(a_second, a_second); },
          +[](double a_second) { return test::http_req_rate(a_second); }}) {
      test::Limiter raised{make(1000).name,
                           [low = make(200), high = make(1000)](Instant now) mutable {
                             return now < kStart + 30s ? low.takes(now) : high.takes(now);
                           }};
      SCOPED_TRACE(testing::Message()
                   << raised.name << ", Retry-After " << retry_after / 1s << " s");
      const Outcome outcome = Dialogue(std::move(raised), {1000, retry_after}).run();
      EXPECT_GE(outcome.taken, 0.55 * 1000) << "of the half minute after that";
    }
  }
}

// What was taken before the limit was met is all that there was to send, and not the limit.
TEST(Pace, FindsALimitFarAboveWhatWasOfferedBefore) {
  for (const double allowed : {200.0, 1000.0}) {
    for (const double offered : {1.0, 5.0, 20.0}) {
      for (const Duration retry_after : {Duration(0s), Duration(1s)}) {
        for (test::Limiter limiter :
             {test::sliding_window(allowed, 1s), test::token_bucket(allowed, 5),
              test::token_bucket(allowed, allowed), test::limit_req(allowed, 0),
              test::limit_req(allowed, 20)}) {
          SCOPED_TRACE(testing::Message()
                       << limiter.name << " of " << allowed << ", offered " << offered
                       << ", Retry-After " << retry_after / 1s << " s");
          World world{offered, retry_after};
          world.burst = 8 * allowed;
          const Outcome outcome = Dialogue(std::move(limiter), world).run();
          EXPECT_LT(outcome.longest, 15s);
        }
      }
    }
  }
}

// One of two replicas is broken: the share of refusals does not depend on the rate.
TEST(Pace, LeavesAnEventbusAloneThatFailsForAnotherReason) {
  std::minstd_rand random;  // NOLINT(cert-msc51-cpp): the same each time
  test::Limiter half{"half", [&random](Instant) { return random() % 2 == 0; }};
  World world{500};
  world.bare_503 = true;
  const Outcome outcome = Dialogue(std::move(half), world).run();
  EXPECT_GE(outcome.taken, 0.95 * 500);
}

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
