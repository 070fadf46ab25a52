#include "gateway/egress/policy/delivery_policy.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace gateway::egress {
namespace {

using namespace std::chrono_literals;

Verdict expected_of(config::Profile profile, unsigned status) {
  if (status / 100 == 2) return Verdict::delivered;
  std::set<unsigned> passing{408, 425, 429};
  if (profile == config::Profile::knative) passing = {404, 408, 409, 429, 501};
  const bool unknown = profile == config::Profile::knative && status >= 600;
  if (unknown || passing.contains(status) || (status / 100 == 5 && status != 501)) {
    return Verdict::retry;
  }
  return Verdict::refused;
}

TEST(DeliveryPolicy, KnowsEveryStatusInEveryProfile) {
  for (const auto profile :
       {config::Profile::generic, config::Profile::vanus, config::Profile::knative}) {
    config::Delivery delivery;
    delivery.profile = profile;
    const DeliveryPolicy policy(delivery);
    for (unsigned status = 100; status < 1000; ++status) {
      EXPECT_EQ(policy.judge(status), expected_of(profile, status))
          << status << " in profile " << static_cast<int>(profile);
    }
    EXPECT_EQ(policy.judge(1000), Verdict::refused);
  }
}

TEST(DeliveryPolicy, FollowsTheConfiguredStatusesBeforeTheProfile) {
  config::Delivery delivery;
  delivery.status = {{404, config::Treatment::retry},
                     {500, config::Treatment::refuse},
                     {409, config::Treatment::accept}};
  const DeliveryPolicy policy(delivery);
  EXPECT_EQ(policy.judge(404), Verdict::retry);
  EXPECT_EQ(policy.judge(500), Verdict::refused);
  EXPECT_EQ(policy.judge(409), Verdict::delivered);
  EXPECT_EQ(policy.judge(410), Verdict::refused);
  EXPECT_EQ(policy.judge(503), Verdict::retry);
  EXPECT_EQ(policy.judge(200), Verdict::delivered);
}

TEST(RetryReasonOf, NamesTheStatus) {
  for (const unsigned status : {408U, 425U, 429U, 500U, 502U, 503U, 504U}) {
    EXPECT_EQ(label(retry_reason(status)), std::to_string(status));
  }
  for (const unsigned status : {505U, 507U, 520U, 599U}) {
    EXPECT_STREQ(label(retry_reason(status)), "other");
  }
}

config::Retry settings(std::chrono::milliseconds initial, std::chrono::milliseconds max,
                       double multiplier) {
  config::Retry retry;
  retry.initial = initial;
  retry.max = max;
  retry.multiplier = multiplier;
  return retry;
}

TEST(Backoff, StaysBelowABoundThatGrows) {
  Backoff backoff(settings(100ms, 1000ms, 2), 1);
  const std::chrono::milliseconds bounds[] = {100ms, 200ms, 400ms, 800ms, 1000ms, 1000ms};
  for (unsigned attempts = 1; attempts <= std::size(bounds); ++attempts) {
    const auto bound = bounds[attempts - 1];
    std::chrono::milliseconds least = 1h;
    std::chrono::milliseconds most = 0ms;
    for (int i = 0; i < 1000; ++i) {
      const auto wait = backoff.next(attempts, std::nullopt);
      least = std::min(least, wait);
      most = std::max(most, wait);
    }
    EXPECT_GE(least, 0ms);
    EXPECT_LE(most, bound);
    // Full jitter: the whole range is used. With this seed, as with nearly every other.
    EXPECT_LT(least, bound / 10) << attempts;
    EXPECT_GT(most, bound - bound / 10) << attempts;
  }
}

TEST(Backoff, NeverOverflows) {
  Backoff backoff(settings(100ms, 10s, 10), 1);
  for (const unsigned attempts : {100U, 1000U, 65'535U}) {
    const auto wait = backoff.next(attempts, std::nullopt);
    EXPECT_GE(wait, 0ms);
    EXPECT_LE(wait, 10s);
  }
}

TEST(Backoff, WaitsAsLongAsItIsAskedToUpToTheMost) {
  Backoff backoff(settings(100ms, 10s, 2), 1);
  EXPECT_EQ(backoff.next(1, 3s), 3s);
  EXPECT_EQ(backoff.next(9, 0s), 0s);
  EXPECT_EQ(backoff.next(1, 10s), 10s);
  EXPECT_EQ(backoff.next(1, 11s), 10s);
  EXPECT_EQ(backoff.next(1, std::chrono::seconds(9'999'999'999)), 10s);
}

TEST(Backoff, IsDifferentForDifferentSeeds) {
  Backoff a(settings(1h, 10h, 2), 1);
  Backoff b(settings(1h, 10h, 2), 2);
  Backoff c(settings(1h, 10h, 2), 1);
  const auto wait = a.next(1, std::nullopt);
  EXPECT_NE(wait, b.next(1, std::nullopt));
  EXPECT_EQ(wait, c.next(1, std::nullopt));
}

}  // namespace
}  // namespace gateway::egress
