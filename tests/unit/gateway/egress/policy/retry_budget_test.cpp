#include "gateway/egress/policy/retry_budget.hpp"

#include <gtest/gtest.h>

#include "support/start.hpp"

namespace gateway::egress {
namespace {

using namespace std::chrono_literals;
using test::kStart;

constexpr auto kInterval = RetryBudget::kInterval;

std::uint64_t spend_all(RetryBudget& budget, std::uint64_t taken, Instant now) {
  std::uint64_t spent = 0;
  while (budget.spend(taken, now)) ++spent;
  return spent;
}

TEST(RetryBudget, LetsLittleTrafficRetry) {
  RetryBudget budget(kStart);
  EXPECT_EQ(spend_all(budget, 0, kStart), RetryBudget::kFloor);
  EXPECT_FALSE(budget.spend(0, kStart + kInterval - 1ms));
  EXPECT_TRUE(budget.spend(0, kStart + kInterval));
  EXPECT_FALSE(budget.spend(0, kStart + kInterval));
  EXPECT_EQ(spend_all(budget, 0, kStart + kInterval + 1s), RetryBudget::kFloor);
}

TEST(RetryBudget, GivesThreeRetriesForARequestThatWasTaken) {
  RetryBudget budget(kStart);
  spend_all(budget, 0, kStart);
  EXPECT_EQ(spend_all(budget, 1, kStart), 3U);
  EXPECT_EQ(spend_all(budget, 2, kStart), 3U);
}

TEST(RetryBudget, GivesThemForWhatWasTakenOfLate) {
  RetryBudget budget(kStart);
  spend_all(budget, 0, kStart);
  EXPECT_EQ(spend_all(budget, 100, kStart + kInterval), 301U);
  EXPECT_EQ(spend_all(budget, 100, kStart + 2 * kInterval), 1U);
  EXPECT_EQ(spend_all(budget, 500, kStart + 6 * kInterval), 304U) << "100 in each";
}

TEST(RetryBudget, DoesNotHoardBeyondItsMost) {
  RetryBudget budget(kStart);
  EXPECT_EQ(spend_all(budget, 10, kStart + 24h), RetryBudget::kMost);
}

TEST(RetryBudget, BoundsRetriesByWhatIsTakenAndTheFloor) {
  RetryBudget budget(kStart);
  spend_all(budget, 0, kStart);
  std::uint64_t retries = 0;
  constexpr std::uint64_t kTaken = 100'000;
  // 10 s of 10,000 events a second, every retry wanted.
  for (std::uint64_t taken = 1; taken <= kTaken; ++taken) {
    retries += spend_all(budget, taken, kStart + taken * 100us);
  }
  const std::uint64_t floor = 10 * RetryBudget::kFloor;
  EXPECT_GE(retries, 3 * kTaken);
  EXPECT_LE(retries, 3 * (kTaken + kTaken / 100) + floor) << "the last interval may count twice";
}

// As where two of three servers behind a balancer fail whatever they get.
TEST(RetryBudget, LetsEachEventArriveWhereTwoThirdsOfTheRequestsFail) {
  RetryBudget budget(kStart);
  std::uint64_t taken = 0;
  std::uint64_t waiting = 0;
  for (std::uint64_t i = 1; i <= 100'000; ++i) {
    const Instant now = kStart + i * 1ms;
    std::uint64_t requests = 10;  // first attempts
    for (; waiting != 0 && budget.spend(taken, now); --waiting) ++requests;
    for (std::uint64_t request = 0; request < requests; ++request) {
      ((i + request) % 3 == 0 ? taken : waiting) += 1;
    }
  }
  EXPECT_LT(waiting, 1000U);
}

}  // namespace
}  // namespace gateway::egress
