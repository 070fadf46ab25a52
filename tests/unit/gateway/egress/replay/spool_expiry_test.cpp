#include "gateway/egress/replay/spool_expiry.hpp"

#include <gtest/gtest.h>

#include <array>

namespace gateway::egress {
namespace {

using namespace std::chrono_literals;
using Verdict = SpoolExpiry::Verdict;

constexpr Sequence kRow = 7;
constexpr std::chrono::milliseconds kOld = 25h;

// As many failing answers as it takes, the eventbus taking another event before each; the last
// verdict.
Verdict answer(SpoolExpiry& expiry, unsigned times, std::chrono::milliseconds age, bool up = true) {
  Verdict verdict = Verdict::not_yet;
  static std::uint64_t taken = 0;
  for (unsigned n = 0; n < times; ++n) verdict = expiry.failing_answer(kRow, age, up, ++taken);
  return verdict;
}

TEST(SpoolExpiry, ComesAfterEnoughFailingAnswersToAnOldEvent) {
  SpoolExpiry expiry(24h);
  // The first one is what the others are counted from.
  EXPECT_EQ(answer(expiry, SpoolExpiry::kAnswers, kOld), Verdict::not_yet);
  EXPECT_EQ(answer(expiry, 1, kOld), Verdict::now);
  EXPECT_EQ(answer(expiry, 1, kOld), Verdict::before);
}

TEST(SpoolExpiry, NeverComesToWhatIsNotOld) {
  SpoolExpiry expiry(24h);
  EXPECT_EQ(answer(expiry, 1000, 24h), Verdict::not_yet);
  EXPECT_EQ(answer(expiry, SpoolExpiry::kAnswers, kOld), Verdict::not_yet)
      << "answers from before do not count";
}

TEST(SpoolExpiry, NeverComesWithoutABound) {
  SpoolExpiry expiry(0ms);
  EXPECT_EQ(answer(expiry, 1000, 10'000h), Verdict::not_yet);
}

TEST(SpoolExpiry, NeverComesInAnOutage) {
  SpoolExpiry expiry(24h);
  EXPECT_EQ(answer(expiry, 1000, kOld, false), Verdict::not_yet);
  // Thought to be up, and yet it takes nothing.
  for (int n = 0; n < 1000; ++n) {
    ASSERT_EQ(expiry.failing_answer(kRow, kOld, true, 5), Verdict::not_yet);
  }
}

TEST(SpoolExpiry, CountsEachEventByItself) {
  SpoolExpiry expiry(24h);
  for (std::uint64_t n = 0; n < SpoolExpiry::kAnswers; ++n) {
    for (const Sequence row : {1, 2}) {
      ASSERT_EQ(expiry.failing_answer(row, kOld, true, n), Verdict::not_yet);
    }
  }
  EXPECT_EQ(expiry.failing_answer(1, kOld, true, 100), Verdict::now);
  expiry.forget(std::array{Sequence{2}});
  EXPECT_EQ(expiry.failing_answer(2, kOld, true, 100), Verdict::not_yet);
}

TEST(SpoolExpiry, CountsNewRowsThoughManyHaveGoneWithoutAWord) {
  SpoolExpiry expiry(1s);
  std::uint64_t taken = 0;
  for (Sequence row = 1; row <= Sequence{SpoolExpiry::kMostRows}; ++row) {
    static_cast<void>(expiry.failing_answer(row, 2s, true, ++taken));
  }
  bool expired = false;
  for (int answer = 0; answer < 100; ++answer) {
    expired |= expiry.failing_answer(1'000'000, 2s, true, ++taken) == Verdict::now;
  }
  EXPECT_TRUE(expired);
}

}  // namespace
}  // namespace gateway::egress
