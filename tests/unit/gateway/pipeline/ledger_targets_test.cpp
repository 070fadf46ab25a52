// Posts whose events go to several targets.
#include <gtest/gtest.h>

#include <vector>

#include "gateway/pipeline/ledger.hpp"
#include "unit/gateway/pipeline/ledger_support.hpp"

namespace gateway {
namespace {

using namespace std::chrono_literals;
using test::Client;
using test::event;

class LedgerTargets : public testing::Test {
 protected:
  static constexpr Instant kStart = Instant(1000s);
  static constexpr std::uint8_t kSeveral = 3;

  Post& open(const std::vector<std::uint8_t>& targets) {
    Post& post = ledger_.open(client_, kStart, WallInstant());
    post.targets = targets;
    post.target = kSeveral;
    ledger_.expect(post, static_cast<std::uint32_t>(targets.size()));
    return post;
  }
  void spool(Post& post, std::uint32_t index) {
    ledger_.move(event(post, index), EventMove::spool);
  }
  void deliver(Post& post, std::uint32_t index) {
    ledger_.move(event(post, index), EventMove::stage);
    ledger_.delivered(event(post, index));
  }
  std::vector<Post*> due(Instant limit, Post::Targets early) {
    std::vector<Post*> posts;
    const auto is_due = [&](const Post& post) {
      return post.deadline <= kStart || (post.targets_of_events() & early).any();
    };
    ledger_.expire_several(limit, is_due, [&](Post& post) { posts.push_back(&post); });
    return posts;
  }

  ShardMetrics metrics_;
  Ledger ledger_{metrics_, 25s, kSeveral};
  Client client_;
};

TEST_F(LedgerTargets, KeepWhatTheSpoolSaysOfOneApartFromAnother) {
  Post& post = open({0, 1, 2, 1});
  for (const std::uint32_t index : {1U, 2U, 3U}) spool(post, index);
  ledger_.stored(post, event(post, 1));
  EXPECT_EQ(post.states[1], EventState::spooled);
  EXPECT_EQ(post.states[3], EventState::spooled);
  EXPECT_EQ(post.states[2], EventState::to_spool) << "it is not on the device yet";
  EXPECT_TRUE(client_.ready.empty());
  deliver(post, 0);
  EXPECT_TRUE(client_.ready.empty());
  ledger_.stored(post, event(post, 2));
  ASSERT_EQ(client_.ready, std::vector<Post*>{&post});
  EXPECT_EQ(post.answer.status, 200U);
  EXPECT_EQ(ledger_.impossible_moves(), 0U);
}

TEST_F(LedgerTargets, GoOnWhenTheSpoolLosesTheEventsOfOne) {
  Post& post = open({0, 1});
  spool(post, 1);
  ledger_.not_stored(post, "the spool failed", 5s, event(post, 1));
  EXPECT_TRUE(client_.ready.empty()) << "the other event is on its way";
  deliver(post, 0);
  ASSERT_EQ(client_.ready, std::vector<Post*>{&post});
  EXPECT_EQ(post.answer.status, 502U);
  EXPECT_EQ(post.answer.body,
            "{\"records\":2,\"delivered\":1,\"failed\":[{\"index\":1,\"status\":0,\"reason\":"
            "\"the spool failed\"}]}");
  EXPECT_EQ(metrics_.events_failed[FailReason::storage].value(), 1U);
  EXPECT_EQ(metrics_.events_delivered.value(), 1U);
}

TEST_F(LedgerTargets, AnswerOnceWhenTheSpoolLosesWhatIsLeftOfAll) {
  Post& post = open({0, 1});
  post.expired = true;
  ledger_.begin_storing(post, kStart);
  spool(post, 0);
  spool(post, 1);
  ledger_.not_stored(post, "the spool failed", 5s, event(post, 0));
  EXPECT_EQ(post.answer.status, 503U);
  ledger_.stored(post, event(post, 1));
  EXPECT_EQ(client_.ready.size(), 1U);
  ledger_.answer_taken(post, kStart);
  EXPECT_EQ(ledger_.posts(), 0U);
  EXPECT_EQ(ledger_.impossible_moves(), 0U);
}

TEST_F(LedgerTargets, EndEarlyOnlyWithEventsForATargetThatIsDown) {
  Post& with = open({0, 1});
  Post& without = open({0, 2});
  Post::Targets down;
  EXPECT_TRUE(due(kStart + 25s, down).empty());
  down.set(1);
  EXPECT_TRUE(due(kStart + 24s, down).empty());
  EXPECT_EQ(due(kStart + 25s, down), std::vector<Post*>{&with});
  EXPECT_TRUE(with.expired);
  EXPECT_FALSE(without.expired);
}

TEST_F(LedgerTargets, CountThePostsThatWaitForEachOfThem) {
  Post& several = open({0, 1});
  Post& one = ledger_.open(client_, kStart, WallInstant());
  one.target = 1;
  ledger_.expect(one, 1);
  EXPECT_EQ(ledger_.unanswered(0), 0U);
  EXPECT_EQ(ledger_.unanswered(1), 1U);
  EXPECT_EQ(ledger_.unanswered(kSeveral), 1U);
  deliver(one, 0);
  EXPECT_EQ(ledger_.unanswered(1), 0U);
  ledger_.time_out(several);
  EXPECT_EQ(ledger_.unanswered(kSeveral), 0U);
  Post& refused = ledger_.open(client_, kStart, WallInstant());
  ledger_.refuse(refused, Answer());
  EXPECT_EQ(ledger_.unanswered(0), 0U);
}

}  // namespace
}  // namespace gateway
