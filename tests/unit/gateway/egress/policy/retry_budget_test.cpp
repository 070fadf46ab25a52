#include "gateway/egress/policy/retry_budget.hpp"

#include <gtest/gtest.h>

#include "support/start.hpp"

namespace gateway::egress {
namespace {

using namespace std::chrono_literals;
using test::kStart;

std::uint64_t spend_all(RetryBudget& budget, Instant now) {
  std::uint64_t spent = 0;
  while (budget.spend(now)) ++spent;
  return spent;
}

TEST(RetryBudget, LetsLittleTrafficRetry) {
  RetryBudget budget(kStart);
  EXPECT_EQ(spend_all(budget, kStart), RetryBudget::kFloor);
  EXPECT_FALSE(budget.spend(kStart + RetryBudget::kInterval - 1ms));
  EXPECT_TRUE(budget.spend(kStart + RetryBudget::kInterval));
  EXPECT_FALSE(budget.spend(kStart + RetryBudget::kInterval));
  EXPECT_EQ(spend_all(budget, kStart + RetryBudget::kInterval + 1s), RetryBudget::kFloor);
}

TEST(RetryBudget, GivesOneRetryForFiveFirstAttempts) {
  RetryBudget budget(kStart);
  spend_all(budget, kStart);
  for (int i = 0; i < 4; ++i) budget.first_attempt();
  EXPECT_FALSE(budget.spend(kStart));
  budget.first_attempt();
  EXPECT_TRUE(budget.spend(kStart));
  EXPECT_FALSE(budget.spend(kStart));
}

TEST(RetryBudget, DoesNotHoardBeyondItsMost) {
  RetryBudget budget(kStart);
  for (int i = 0; i < 1'000'000; ++i) budget.first_attempt();
  EXPECT_EQ(spend_all(budget, kStart + 24h), RetryBudget::kMost);
}

TEST(RetryBudget, BoundsRetriesToAFifthOfTheFirstAttemptsAndTheFloor) {
  RetryBudget budget(kStart);
  spend_all(budget, kStart);
  std::uint64_t retries = 0;
  constexpr std::uint64_t kFirsts = 100'000;
  // 10 s of 10,000 events a second, every retry wanted.
  for (std::uint64_t i = 1; i <= kFirsts; ++i) {
    budget.first_attempt();
    retries += spend_all(budget, kStart + i * 100us);
  }
  EXPECT_EQ(retries, kFirsts / 5 + 10 * RetryBudget::kFloor);
}

}  // namespace
}  // namespace gateway::egress
