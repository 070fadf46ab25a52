#include "gateway/egress/retry_jitter.hpp"

#include <gtest/gtest.h>

#include <set>

namespace gateway::egress {
namespace {

using namespace std::chrono_literals;

TEST(RetryJitter, NeverShortensAWaitAndAddsAtMostHalf) {
  RetryJitter jitter(1);
  for (const auto wait : {1s, 2s, 7s, 60s}) {
    std::set<std::chrono::seconds> seen;
    for (int i = 0; i < 2000; ++i) seen.insert(jitter.spread(wait));
    EXPECT_EQ(*seen.begin(), wait);
    EXPECT_EQ(*seen.rbegin(), wait + (wait + 1s) / 2);
  }
}

}  // namespace
}  // namespace gateway::egress
