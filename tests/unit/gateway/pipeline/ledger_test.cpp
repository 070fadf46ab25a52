#include "gateway/pipeline/ledger.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>

#include "gateway/domain/answers.hpp"
#include "unit/gateway/pipeline/ledger_support.hpp"

namespace gateway {
namespace {

using namespace std::chrono_literals;
using test::event;
using test::LedgerTest;
using testing::EndsWith;

TEST_F(LedgerTest, AnswersOnceTheLastEventIsDelivered) {
  Post& post = open(3);
  EXPECT_EQ(post.time, WallInstant(5s));
  EXPECT_EQ(ledger_.events_open(), 3U);
  for (const std::uint32_t i : {2U, 0U}) ledger_.delivered(sent(post, i));
  EXPECT_TRUE(client_.ready.empty());
  EXPECT_EQ(ledger_.events_open(), 1U);
  ledger_.delivered(sent(post, 1));
  ASSERT_EQ(client_.ready, std::vector<Post*>{&post});
  EXPECT_EQ(post.state, Post::State::answered);
  EXPECT_EQ(post.answer.status, 200U);
  EXPECT_EQ(post.records(), 3U) << "kept until the answer is taken";
  EXPECT_EQ(ledger_.posts(), 1U);
  take(post);
  expect_empty();
}

TEST_F(LedgerTest, AnswersAnEmptyPostWhenItIsSettled) {
  Post& post = open(0);
  EXPECT_TRUE(client_.ready.empty());
  ledger_.settle(post);
  ASSERT_EQ(client_.ready.size(), 1U);
  EXPECT_EQ(post.answer.status, 200U);
  take(post);
  expect_empty();
}

TEST_F(LedgerTest, AnswersInEveryOrderOfDeliveriesAndFailures) {
  std::vector<std::uint32_t> order{0, 1, 2, 3};
  do {
    Post& post = open(4);
    for (const std::uint32_t i : order) {
      EXPECT_TRUE(client_.ready.empty());
      if (i % 2 == 0) {
        ledger_.delivered(sent(post, i));
      } else {
        ledger_.failed(sent(post, i), FailReason::refused, 400 + i, "no");
      }
    }
    ASSERT_EQ(client_.ready.size(), 1U);
    EXPECT_EQ(post.answer.status, 502U);
    EXPECT_EQ(post.answer.body.find(R"({"records":4,"delivered":2,"failed":[)"), 0U);
    EXPECT_NE(post.answer.body.find(R"({"index":1,"status":401,"reason":"no"})"),
              std::string::npos);
    EXPECT_NE(post.answer.body.find(R"({"index":3,"status":403,"reason":"no"})"),
              std::string::npos);
    client_.ready.clear();
    take(post);
    expect_empty();
  } while (std::ranges::next_permutation(order).found);
}

TEST_F(LedgerTest, RefusesWithoutAnyEvent) {
  Post& post = ledger_.open(client_, kStart, WallInstant());
  ledger_.refuse(post, answers::malformed("not JSON", 4));
  ASSERT_EQ(client_.ready.size(), 1U);
  EXPECT_EQ(post.answer.status, 400U);
  take(post);
  expect_empty();
  EXPECT_EQ(metrics_.posts[400].value(), 1U);
  EXPECT_EQ(metrics_.records_received.value(), 0U);
}

TEST_F(LedgerTest, AnswersAtTheDeadlineAndLetsLateDeliveriesCome) {
  Post& post = open(3);
  ledger_.delivered(sent(post, 0));
  EXPECT_FALSE(expire(kStart + 24'999ms));
  EXPECT_TRUE(client_.ready.empty());
  EXPECT_TRUE(expire(kStart + 25s));
  ASSERT_EQ(client_.ready.size(), 1U);
  EXPECT_EQ(post.answer.status, 504U);
  EXPECT_NE(post.answer.body.find(R"("records":3,"delivered":1)"), std::string::npos);
  EXPECT_TRUE(post.expired);
  EXPECT_FALSE(expire(kStart + 1h)) << "once is enough";

  ledger_.failed(sent(post, 1), FailReason::deadline, 0, "deadline");
  take(post);
  EXPECT_EQ(ledger_.posts(), 1U) << "an event is still on the way";
  ledger_.delivered(sent(post, 2));
  EXPECT_EQ(client_.ready.size(), 1U) << "not answered again";
  expect_empty();
  EXPECT_EQ(metrics_.posts[504].value(), 1U);
  EXPECT_EQ(metrics_.events_delivered.value(), 2U);
  EXPECT_EQ(metrics_.events_failed[FailReason::deadline].value(), 1U);
}

TEST_F(LedgerTest, KeepsAnExpiredPostUntilItsAnswerIsTaken) {
  Post& post = open(1);
  ASSERT_TRUE(expire(kStart + 25s));
  ledger_.delivered(sent(post, 0));
  EXPECT_EQ(ledger_.posts(), 1U);
  EXPECT_EQ(post.answer.status, 504U);
  take(post);
  expect_empty();
}

TEST_F(LedgerTest, ExpiresOnlyWhatIsDue) {
  Post& early = open(1, kStart);
  Post& late = open(1, kStart + 10s);
  Post& done = open(1, kStart);
  ledger_.delivered(sent(done, 0));
  client_.ready.clear();
  EXPECT_TRUE(expire(kStart + 30s));
  EXPECT_EQ(client_.ready, std::vector<Post*>{&early});
  EXPECT_TRUE(expire(kStart + 35s));
  EXPECT_EQ(client_.ready, (std::vector<Post*>{&early, &late}));
}

TEST_F(LedgerTest, LetsEventsGoOnWhenTheOwnerIsGone) {
  Post& post = open(2);
  ledger_.owner_gone(post);
  EXPECT_EQ(ledger_.posts(), 1U);
  ledger_.delivered(sent(post, 0));
  ledger_.failed(sent(post, 1), FailReason::refused, 400, "no");
  EXPECT_TRUE(client_.ready.empty());
  expect_empty();
  EXPECT_EQ(metrics_.posts_abandoned.value(), 1U);
  EXPECT_EQ(metrics_.posts[502].value(), 0U) << "nobody was answered";
}

TEST_F(LedgerTest, ExpiresAPostWithoutOwner) {
  Post& post = open(1);
  ledger_.owner_gone(post);
  EXPECT_TRUE(expire(kStart + 25s));
  EXPECT_TRUE(post.expired);
  EXPECT_TRUE(client_.ready.empty());
  ledger_.failed(sent(post, 0), FailReason::deadline, 0, "deadline");
  expect_empty();
}

TEST_F(LedgerTest, ReusesAPostWhoseOwnerLeavesBeforeTheAnswerIsTaken) {
  Post& post = open(1);
  ledger_.delivered(sent(post, 0));
  ASSERT_EQ(client_.ready.size(), 1U);
  ledger_.owner_gone(post);
  expect_empty();
  EXPECT_EQ(metrics_.posts_abandoned.value(), 1U);
  EXPECT_EQ(metrics_.posts[200].value(), 0U);
}

TEST_F(LedgerTest, GivesAFreshPostAgain) {
  BufferPool pool;
  ByteBudget budget(1 << 20);
  ByteLease lease(budget, 1);
  Post& post = open(2);
  post.bytes = pool.take(100);
  ASSERT_TRUE(lease.try_take(5000, post.units));
  post.passed_on.emplace_back();
  ledger_.failed(sent(post, 0), FailReason::refused, 400, "no");
  ASSERT_TRUE(expire(kStart + 25s));
  ledger_.delivered(sent(post, 1));
  take(post);
  EXPECT_EQ(lease.held(), 0U) << "bytes are given back with the last of the post";
  EXPECT_GT(pool.kept_bytes(), 0U);

  Post& again = open(1, kStart + 1min);
  EXPECT_EQ(&again, &post) << "memory is reused";
  EXPECT_EQ(again.state, Post::State::open);
  EXPECT_EQ(again.received, kStart + 1min);
  EXPECT_EQ(again.deadline, kStart + 1min + 25s);
  EXPECT_EQ(again.records(), 1U);
  EXPECT_EQ(again.tally.safe(), 0U);
  EXPECT_FALSE(again.bytes);
  EXPECT_EQ(again.units.bytes(), 0U);
  EXPECT_TRUE(again.passed_on.empty());
  EXPECT_TRUE(again.failures.empty());
  EXPECT_FALSE(again.expired);
  ledger_.delivered(sent(again, 0));
  EXPECT_EQ(again.answer.status, 200U);
  EXPECT_TRUE(again.answer.body.empty());
}

TEST_F(LedgerTest, KeepsNoMoreOfFailuresThanAnAnswerNames) {
  constexpr std::uint32_t kRecords = 5000;
  const std::string reason(300, 'r');
  Post& post = open(kRecords);
  std::vector<EventSlot> slots;
  for (std::uint32_t i = 0; i < kRecords; ++i) slots.push_back(sent(post, i));
  for (std::uint32_t i = 0; i + 1 < kRecords; ++i) {
    ledger_.failed(slots[i], FailReason::refused, 400, reason);
  }
  EXPECT_EQ(post.failures.size(), 1000U);
  std::size_t bytes = 0;
  for (const auto& failure : post.failures) bytes += failure.reason.size();
  EXPECT_GT(bytes, 16'000U);
  EXPECT_LE(bytes, 16'384U);
  ledger_.failed(slots.back(), FailReason::refused, 400, reason);
  EXPECT_THAT(post.answer.body, EndsWith(R"("more":4000})"));
  take(post);
}

TEST_F(LedgerTest, GivesTheMemoryOfALargePostBack) {
  constexpr std::uint32_t kRecords = 100'000;
  Post& post = open(kRecords);
  post.members.resize(kRecords);
  post.routes.resize(kRecords);
  for (std::uint32_t i = 0; i < kRecords; ++i) {
    ledger_.failed(sent(post, i), FailReason::refused, 400, "a reason that is longer than a few");
  }
  take(post);
  ASSERT_EQ(&open(1), &post);
  EXPECT_LT(post.states.capacity(), kRecords);
  EXPECT_LT(post.members.capacity(), kRecords);
  EXPECT_LT(post.routes.capacity(), kRecords);
  EXPECT_EQ(post.failures.capacity(), 0U);
  EXPECT_LT(post.answer.body.capacity(), 10'000U);
}

TEST_F(LedgerTest, KeepsPostsThatAreOpenApart) {
  std::set<Post*> posts;
  for (int i = 0; i < 100; ++i) posts.insert(&open(1));
  EXPECT_EQ(posts.size(), 100U);
  EXPECT_EQ(ledger_.posts(), 100U);
  for (Post* post : posts) {
    ledger_.delivered(sent(*post, 0));
    take(*post);
  }
  expect_empty();
  std::set<Post*> again;
  for (int i = 0; i < 100; ++i) again.insert(&open(1));
  EXPECT_EQ(again, posts);
}

TEST_F(LedgerTest, AnswersEveryOpenPostAtTheEnd) {
  Post& a = open(2);
  Post& b = open(1);
  ledger_.delivered(sent(a, 0));
  ledger_.abandon_all();
  ASSERT_EQ(client_.ready.size(), 2U);
  for (Post* post : {&a, &b}) {
    EXPECT_EQ(post->answer.status, 503U);
    EXPECT_EQ(post->answer.extra_fields, "Retry-After: 1\r\n");
    EXPECT_TRUE(post->answer.close);
    EXPECT_TRUE(post->expired);
    take(*post);
  }
  ledger_.failed(sent(a, 1), FailReason::shutdown, 0, "stopping");
  ledger_.failed(sent(b, 0), FailReason::shutdown, 0, "stopping");
  expect_empty();
  EXPECT_EQ(metrics_.events_failed[FailReason::shutdown].value(), 2U);
  EXPECT_EQ(metrics_.posts[503].value(), 2U);
  EXPECT_EQ(metrics_.posts_unavailable[Unavailable::stopping].value(), 2U);
}

TEST_F(LedgerTest, CountsEveryEventOnce) {
  Post& a = open(5);
  Post& b = open(3);
  for (std::uint32_t i = 0; i < 4; ++i) ledger_.delivered(sent(a, i));
  ledger_.failed(sent(b, 0), FailReason::refused, 400, "no");
  EXPECT_EQ(metrics_.records_received.value(), 8U);
  EXPECT_EQ(metrics_.events_delivered.value(), 4U);
  EXPECT_EQ(metrics_.events_failed[FailReason::refused].value(), 1U);
  EXPECT_EQ(ledger_.events_open(), 3U);
}

TEST_F(LedgerTest, MeasuresAPostUntilItsAnswerIsTaken) {
  Post& post = open(1);
  ledger_.delivered(sent(post, 0));
  ledger_.answer_taken(post, kStart + 3ms);
  EXPECT_EQ(metrics_.posts[200].value(), 1U);
  EXPECT_EQ(metrics_.post_duration.sum_ns(), 3'000'000U);
}

TEST_F(LedgerTest, AnImpossibleMoveFailsTheEventAndKeepsThePost) {
  Post& post = open(2);
  ledger_.delivered(event(post, 0));  // it is on no connection
  EXPECT_EQ(ledger_.impossible_moves(), 1U);
  EXPECT_EQ(metrics_.events_delivered.value(), 0U);
  EXPECT_EQ(metrics_.events_failed[FailReason::internal].value(), 1U);
  ledger_.delivered(sent(post, 1));
  EXPECT_EQ(post.answer.status, 502U) << "never called delivered";
  EXPECT_NE(post.answer.body.find(R"("index":0,"status":0,"reason":"internal error")"),
            std::string::npos);
  ledger_.delivered(event(post, 1));  // a second time
  EXPECT_EQ(ledger_.impossible_moves(), 2U);
  EXPECT_EQ(metrics_.events_delivered.value(), 1U);
  ledger_.delivered(event(post, 7));  // there is no such event
  EXPECT_EQ(ledger_.impossible_moves(), 3U);
  EXPECT_EQ(ledger_.events_open(), 0U);
  take(post);
  EXPECT_EQ(ledger_.posts(), 1U) << "whoever made the move may refer to it again";
}

TEST_F(LedgerTest, CountsWhatIsLeftOutAsAnswered) {
  Post& post = open(2);
  ledger_.filtered(event(post, 0));
  EXPECT_TRUE(client_.ready.empty());
  ledger_.delivered(sent(post, 1));
  EXPECT_EQ(post.answer.status, 200U);
  take(post);

  Post& all = open(2);
  ledger_.filtered(event(all, 0));
  ledger_.filtered(event(all, 1));
  EXPECT_EQ(all.answer.status, 200U);
  take(all);
  EXPECT_EQ(metrics_.events_filtered.value(), 3U);
  EXPECT_EQ(metrics_.settled(), metrics_.records_received.value());
  expect_empty();
}

TEST_F(LedgerTest, CountsWhatBecomesOfRecordsOfABucket) {
  metrics_.buckets.make({"a-1", "b-1"});
  Post& post = open(4);
  post.routes = {1, 2, 0, 2};
  ledger_.filtered(event(post, 0));
  ledger_.delivered(sent(post, 1));
  ledger_.delivered(sent(post, 2));
  ledger_.failed(sent(post, 3), FailReason::refused, 400, "no");
  EXPECT_EQ(metrics_.buckets.value(0, BucketOutcome::filtered), 1U);
  EXPECT_EQ(metrics_.buckets.value(1, BucketOutcome::delivered), 1U);
  EXPECT_EQ(metrics_.buckets.value(1, BucketOutcome::failed), 1U);
  EXPECT_EQ(metrics_.events_delivered.value(), 2U);
  take(post);
  // The post that is made of its memory has no buckets.
  EXPECT_TRUE(open(1).routes.empty());
}

}  // namespace
}  // namespace gateway
