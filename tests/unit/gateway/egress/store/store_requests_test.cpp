#include "gateway/egress/store/store_requests.hpp"

#include <gtest/gtest.h>

#include "support.hpp"

namespace gateway::egress {
namespace {

using namespace test;

StoreRequests::Submission submission(int events, std::size_t bytes) {
  return {test::events(0, events), bytes, {}};
}

TEST(StoreRequests, BoundATurnAndLeaveTheRestForTheNext) {
  StoreRequests requests;
  for (int n = 0; n < 3; ++n) requests.add(submission(1, 400));
  requests.add(StoreRequests::Fetch{{0, 1, 1}, {}, {}});
  requests.add(StoreRequests::Fetch{{0, 2, 1}, {}, {}});
  StoreRequests::Turn turn;
  requests.take(turn, 800);
  EXPECT_EQ(turn.submissions.size(), 2U);
  EXPECT_EQ(turn.fetch->wanted.max_rows, 1U);
  turn = {};
  requests.take(turn, 800);
  EXPECT_EQ(turn.submissions.size(), 1U);
  EXPECT_EQ(turn.fetch->wanted.max_rows, 2U);
  EXPECT_TRUE(requests.empty());
}

TEST(StoreRequests, TakeOneSubmissionHoweverLarge) {
  StoreRequests requests;
  requests.add(submission(1, 5000));
  requests.add(submission(1, 1));
  StoreRequests::Turn turn;
  requests.take(turn, 800);
  EXPECT_EQ(turn.submissions.size(), 1U);
}

TEST(StoreRequests, CountEventsUntilTheyAreSettled) {
  StoreRequests requests;
  requests.add(submission(3, 300));
  StoreRequests::Turn turn;
  requests.take(turn, 800);
  EXPECT_EQ(requests.events(), 3U) << "they are being written";
  EXPECT_EQ(requests.bytes(), 300U);
  requests.settled(3, 300);
  EXPECT_EQ(requests.events(), 0U);
  EXPECT_EQ(requests.bytes(), 0U);
}

TEST(StoreRequests, OweNoAnswerToWhoGivesRowsBack) {
  StoreRequests requests;
  requests.add(StoreRequests::Return{0, {1, 2}});
  EXPECT_FALSE(requests.empty());
  EXPECT_FALSE(requests.owe_an_answer());
  requests.add(StoreRequests::Removal{{1}, {}});
  EXPECT_TRUE(requests.owe_an_answer());
}

}  // namespace
}  // namespace gateway::egress
