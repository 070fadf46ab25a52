#include "gateway/egress/policy/answer_times.hpp"

#include <gtest/gtest.h>

namespace gateway::egress {
namespace {

using namespace std::chrono_literals;

AnswerTimes after(int answers, Instant::duration took) {
  AnswerTimes times;
  for (int i = 0; i < answers; ++i) times.answered(took);
  return times;
}

TEST(AnswerTimes, LetEveryServerPause) {
  EXPECT_EQ(AnswerTimes().unusual(), 100ms);
  EXPECT_EQ(after(50, 1ms).unusual(), 100ms);
}

TEST(AnswerTimes, KnowADistantServerByItsFirstAnswer) {
  EXPECT_EQ(after(1, 300ms).unusual(), 1200ms);
}

TEST(AnswerTimes, AreNotChangedByOneSlowAnswerAndThoseBehindIt) {
  AnswerTimes times = after(50, 40ms);
  for (int behind = 0; behind < 4; ++behind) times.answered(30s);
  EXPECT_LT(times.unusual(), 400ms);
  EXPECT_EQ(times.slowest(), 30s);
  EXPECT_GT(times.average(), 6s);
}

TEST(AnswerTimes, FollowAServerThatBecomesSlower) {
  AnswerTimes times = after(50, 1ms);
  for (int i = 0; i < 40; ++i) times.answered(2s);
  EXPECT_GT(times.unusual(), 4s);
  EXPECT_LE(times.unusual(), 8s);
}

}  // namespace
}  // namespace gateway::egress
