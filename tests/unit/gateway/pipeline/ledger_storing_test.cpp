// Posts whose events go to the stores: when they are answered, and what is counted.
#include <gtest/gtest.h>

#include <string>

#include "unit/gateway/pipeline/ledger_support.hpp"

namespace gateway {
namespace {

using namespace std::chrono_literals;
using test::event;
using test::LedgerTest;

class StoringTest : public LedgerTest {
 protected:
  // Its first `in_flight` open events are on a connection, the others wait.
  void expire_into_store(Post& post, std::uint32_t in_flight) {
    ledger_.expire(0, post.deadline, [&](Post& due) { ledger_.begin_storing(due, due.deadline); });
    for (std::uint32_t i = 0; i < post.records(); ++i) {
      if (is_settled(post.states[i]) || post.states[i] == EventState::to_dead_letters) continue;
      const EventSlot slot = in_flight == 0 ? event(post, i) : sent(post, i);
      if (in_flight != 0) --in_flight;
      ledger_.move(slot, EventMove::spool);
    }
  }
  // A post of five: one delivered, two on a connection, two waiting, whose time is up.
  Post& storing() {
    Post& post = open(5);
    ledger_.delivered(sent(post, 0));
    expire_into_store(post, 2);
    EXPECT_TRUE(client_.ready.empty()) << "not before it is safe";
    return post;
  }
  void expect_books(std::uint64_t delivered, std::uint64_t spooled, std::uint64_t failed) {
    EXPECT_EQ(metrics_.events_delivered.value(), delivered);
    EXPECT_EQ(metrics_.events_spooled.value(), spooled);
    std::uint64_t failures = 0;
    for (std::size_t i = 0; i < metrics_.events_failed.size(); ++i) {
      failures += metrics_.events_failed[static_cast<FailReason>(i)].value();
    }
    EXPECT_EQ(failures, failed);
    EXPECT_EQ(metrics_.records_received.value(),
              delivered + spooled + failed + ledger_.events_open());
  }
};

TEST_F(StoringTest, AnswersWhenTheRestIsStored) {
  Post& post = storing();
  ledger_.stored(post);
  ASSERT_EQ(client_.ready, std::vector<Post*>{&post});
  EXPECT_EQ(post.answer.status, 200U);
  expect_books(1, 4, 0);
  take(post);
  EXPECT_EQ(ledger_.posts(), 1U) << "its bytes are still on a connection";
  // Whatever becomes of them there, they are safe.
  ledger_.delivered(sent(post, 1));
  ledger_.failed(sent(post, 2), FailReason::deadline, 0, "late");
  expect_books(1, 4, 0);
  expect_empty();
}

TEST_F(StoringTest, CountsADeliveryThatOvertakesTheStore) {
  Post& post = storing();
  ledger_.delivered(sent(post, 1));
  ledger_.failed(sent(post, 2), FailReason::deadline, 0, "given back");
  EXPECT_TRUE(client_.ready.empty());
  expect_books(2, 0, 0);
  ledger_.stored(post);
  EXPECT_EQ(post.answer.status, 200U);
  expect_books(2, 3, 0);
  take(post);
  expect_empty();
}

TEST_F(StoringTest, AnswersNothingGoodWhenTheStoreFails) {
  Post& post = storing();
  ledger_.not_stored(post, "the spool failed", 5s);
  ASSERT_EQ(client_.ready, std::vector<Post*>{&post});
  EXPECT_EQ(post.answer.status, 503U);
  EXPECT_NE(post.answer.extra_fields.find("Retry-After: 5"), std::string::npos);
  EXPECT_EQ(metrics_.posts_unavailable[Unavailable::storage].value(), 1U);
  expect_books(1, 0, 2);
  take(post);
  ledger_.delivered(sent(post, 1));
  ledger_.failed(sent(post, 2), FailReason::deadline, 0, "late");
  expect_books(2, 0, 3);
  expect_empty();
}

TEST_F(StoringTest, IsNotReusedBeforeTheStoreHasSpoken) {
  for (const bool kept : {true, false}) {
    Post& post = open(2);
    expire_into_store(post, 2);
    for (const std::uint32_t i : {0U, 1U}) ledger_.delivered(sent(post, i));
    ASSERT_EQ(client_.ready, std::vector<Post*>{&post}) << "all of it was delivered";
    EXPECT_EQ(post.answer.status, 200U);
    take(post);
    EXPECT_EQ(ledger_.posts(), 1U);
    Post& other = open(0);
    EXPECT_NE(&other, &post) << "what the store says next would be of another post";
    ledger_.settle(other);
    take(other);
    if (kept) {
      ledger_.stored(post);
    } else {
      ledger_.not_stored(post, "the spool failed", 5s);
    }
    expect_empty();
    client_.ready.clear();
  }
  expect_books(4, 0, 0);
}

TEST_F(StoringTest, TheEndAnswersWhatIsNotYetStored) {
  Post& post = storing();
  ledger_.not_stored(post, "stopping", 1s);
  ledger_.abandon_all();
  EXPECT_EQ(post.answer.status, 503U);
  expect_books(1, 0, 2);
  ledger_.failed(sent(post, 1), FailReason::shutdown, 0, "stopped");
  ledger_.failed(sent(post, 2), FailReason::shutdown, 0, "stopped");
  take(post);
  expect_empty();
}

TEST_F(StoringTest, AReplayedPostIsInNoBook) {
  Post& post = ledger_.open(client_, kStart, WallInstant());
  ledger_.expect_replayed(post, 3);
  ledger_.delivered(sent(post, 0));
  ledger_.move(sent(post, 1), EventMove::bury);
  ledger_.dead_lettered(event(post, 1));
  ledger_.failed(sent(post, 2), FailReason::refused, 400, "no");
  ASSERT_EQ(post.failures.size(), 1U);
  EXPECT_EQ(post.failures[0].index, 2U);
  take(post);
  expect_books(0, 0, 0);
  EXPECT_EQ(metrics_.events_replayed.value(), 2U);
  EXPECT_EQ(metrics_.posts[502].value(), 0U);
  expect_empty();
}

class DeadLetterTest : public StoringTest {
 protected:
  // A post of three: the first refused, the others on a connection when its time is up.
  Post& storing_beside_a_dead_letter() {
    Post& post = open(3);
    for (const std::uint32_t i : {0U, 1U, 2U}) static_cast<void>(sent(post, i));
    ledger_.move(event(post, 0), EventMove::bury);
    expire_into_store(post, 2);
    return post;
  }
  void lose_dead_letter(Post& post) {
    ledger_.failed(event(post, 0), FailReason::refused, 400, "no; the dead letter was not kept");
  }
  static void expect_only_the_first_named(const Post& post) {
    EXPECT_EQ(post.answer.status, 502U);
    EXPECT_NE(post.answer.body.find(R"("failed":[{"index":0,"status":400)"), std::string::npos)
        << post.answer.body;
    EXPECT_EQ(post.answer.body.find(R"("index":1)"), std::string::npos);
    EXPECT_EQ(post.answer.body.find(R"("index":2)"), std::string::npos);
  }
};

TEST_F(DeadLetterTest, IsWaitedForWhenTheRestIsStored) {
  Post& post = open(2);
  static_cast<void>(sent(post, 1));
  ledger_.move(event(post, 1), EventMove::bury);
  expire_into_store(post, 0);
  ledger_.stored(post);
  EXPECT_TRUE(client_.ready.empty()) << "the other one is on its way to the dead letters";
  ledger_.dead_lettered(event(post, 1));
  EXPECT_EQ(post.answer.status, 200U);
  EXPECT_EQ(metrics_.events_dead_lettered.value(), 1U);
  take(post);
  expect_empty();
}

TEST_F(DeadLetterTest, LostIsNamedThoughTheOthersAreDeliveredWhileTheyAreStored) {
  Post& post = storing_beside_a_dead_letter();
  lose_dead_letter(post);
  ledger_.delivered(event(post, 1));
  ledger_.stored(post);
  expect_only_the_first_named(post);
  expect_books(1, 1, 1);
  ledger_.delivered(event(post, 2));
  take(post);
  expect_empty();
}

TEST_F(DeadLetterTest, LostAfterTheOthersAreStoredIsNamed) {
  Post& post = storing_beside_a_dead_letter();
  ledger_.stored(post);
  EXPECT_TRUE(client_.ready.empty());
  ledger_.failed(event(post, 1), FailReason::deadline, 0, "the connection was lost");
  lose_dead_letter(post);
  expect_only_the_first_named(post);
  expect_books(0, 2, 1);
  ledger_.failed(event(post, 2), FailReason::deadline, 0, "the connection was lost");
  take(post);
  expect_empty();
}

TEST_F(DeadLetterTest, IsNotWaitedForLongerThanTheStoresAreGiven) {
  Post& post = storing_beside_a_dead_letter();
  ledger_.stored(post);
  ledger_.tick(kStart + 25s + Ledger::kStorePatience - 1ms);
  EXPECT_TRUE(client_.ready.empty());
  ledger_.tick(kStart + 25s + Ledger::kStorePatience);
  ASSERT_EQ(client_.ready.size(), 1U);
  EXPECT_EQ(post.answer.status, 503U);
  take(post);
  for (const std::uint32_t i : {1U, 2U}) ledger_.delivered(event(post, i));
  EXPECT_EQ(ledger_.posts(), 1U) << "the dead letters still hold one";
  ledger_.dead_lettered(event(post, 0));
  EXPECT_EQ(metrics_.events_spooled.value(), 2U);
  EXPECT_EQ(metrics_.events_dead_lettered.value(), 1U);
  expect_empty();
}

}  // namespace
}  // namespace gateway
