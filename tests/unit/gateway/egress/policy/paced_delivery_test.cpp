// What comes through of the rate that a limiter in front of the eventbus allows.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "unit/gateway/egress/policy/limited_eventbus.hpp"

namespace gateway::egress {
namespace {

using namespace limited;
using namespace std::chrono_literals;
using Duration = Instant::duration;

std::vector<Limiter> limiters(double a_second) {
  std::vector<Limiter> all{
      fixed_window(a_second, 1s), fixed_window(a_second, 10s), sliding_window(a_second, 1s),
      token_bucket(a_second, 1),  token_bucket(a_second, 5),   token_bucket(a_second, a_second),
      limit_req(a_second, 0),     limit_req(a_second, 5),      limit_req(a_second, a_second / 10)};
  if (a_second >= 100) all.push_back(fixed_window(a_second, 100ms));
  return all;
}

// By the rate that the limiter allows.
class PaceBehind : public testing::TestWithParam<double> {};

TEST_P(PaceBehind, BringsMostOfWhatIsAllowedThrough) {
  const double allowed = GetParam();
  for (const double times : {1.2, 5.0}) {
    for (const Duration retry_after : {Duration(0s), Duration(1s)}) {
      for (const Duration round_trip : {Duration(500us), Duration(100ms)}) {
        for (Limiter& limiter : limiters(allowed)) {
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
      for (Limiter& limiter : limiters(allowed)) {
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
      const Outcome outcome = Dialogue(limit_req(allowed, burst), world).run();
      EXPECT_GE(outcome.taken, 0.85 * allowed);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(RatesASecond, PaceBehind, testing::Values(20, 200));

TEST(Pace, KeepsUpWithAFastLimiter) {
  constexpr double kAllowed = 1000;
  for (const Duration retry_after : {Duration(0s), Duration(1s)}) {
    for (Limiter limiter : {fixed_window(kAllowed, 1s), token_bucket(kAllowed, 5),
                            limit_req(kAllowed, 0), limit_req(kAllowed, 5)}) {
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
      for (Limiter limiter : {sliding_window(allowed, 1s, true), http_req_rate(allowed)}) {
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
    Limiter quota{"quota", [window = fixed_window(kAllowed, 1s), later](Instant now) mutable {
                    return window.takes(now + later);
                  }};
    const Outcome outcome = Dialogue(std::move(quota), {5 * kAllowed, Duration(1s)}).run();
    EXPECT_GE(outcome.taken, 0.95 * kAllowed);
    EXPECT_GE(outcome.first, 0.7 * kAllowed);
  }
}

// Each time that it is met, such a limit costs ten seconds.
TEST(Pace, MakesLongWaitsRare) {
  for (const double allowed : {200.0, 1000.0}) {
    SCOPED_TRACE(allowed);
    const Outcome outcome = Dialogue(http_req_rate(allowed), {allowed * 1.2, Duration(10s)}).run();
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
        const Outcome outcome = Dialogue(limit_req(kAllowed, burst), world).run();
        EXPECT_GE(outcome.taken, 0.6 * kAllowed);
      }
    }
  }
}

TEST(Pace, FindsWithinSecondsThatALimitWasRaised) {
  for (const Duration retry_after : {Duration(0s), Duration(1s)}) {
    for (const auto& make : {+[](double a_second) { return limit_req(a_second, 20); },
                             +[](double a_second) { return limit_req(a_second, 0); },
                             +[](double a_second) { return fixed_window(a_second, 1s); },
                             +[](double a_second) { return token_bucket(a_second, a_second); },
                             +[](double a_second) { return http_req_rate(a_second); }}) {
      Limiter raised{make(1000).name, [low = make(200), high = make(1000)](Instant now) mutable {
                       return now < Dialogue::kBegin + 30s ? low.takes(now) : high.takes(now);
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
        for (Limiter limiter :
             {sliding_window(allowed, 1s), token_bucket(allowed, 5), token_bucket(allowed, allowed),
              limit_req(allowed, 0), limit_req(allowed, 20)}) {
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
  Limiter half{"half", [&random](Instant) { return random() % 2 == 0; }};
  World world{500};
  world.bare_503 = true;
  const Outcome outcome = Dialogue(std::move(half), world).run();
  EXPECT_GE(outcome.taken, 0.95 * 500);
}

// One of two replicas has no leave any more, whatever the other is sent.
TEST(Pace, LeavesTheRateAloneWhereAShareIsRefusedAtAnyRate) {
  for (const double offered : {20.0, 100.0, 500.0}) {
    for (const unsigned percent : {30U, 40U, 50U}) {
      SCOPED_TRACE(testing::Message() << offered << " offered, " << percent << " % refused");
      std::minstd_rand random;  // NOLINT(cert-msc51-cpp): the same each time
      Limiter some{"some", [&random, percent](Instant) { return random() % 100 >= percent; }};
      const Outcome outcome = Dialogue(std::move(some), {offered}).run();
      EXPECT_GE(outcome.taken, 0.6 * offered);
    }
  }
}

}  // namespace
}  // namespace gateway::egress
