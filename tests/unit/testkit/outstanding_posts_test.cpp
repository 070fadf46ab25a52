#include "testkit/outstanding_posts.hpp"

#include <gtest/gtest.h>

#include <array>
#include <string>

namespace gateway::test {
namespace {

Post post_of(std::string wire) {
  Post post;
  post.wire = std::move(wire);
  return post;
}

std::string gathered(OutstandingPosts& talk) {
  std::array<iovec, 4> parts{};
  const std::size_t count = talk.gather(parts);
  std::string text;
  for (std::size_t i = 0; i < count; ++i) {
    text.append(static_cast<const char*>(parts[i].iov_base), parts[i].iov_len);
  }
  return text;
}

const OutstandingPosts::TimePoint kNow{};

TEST(OutstandingPosts, SendsPostsOneAfterTheOtherInAnyPieces) {
  const Post a = post_of("aaaa");
  const Post b = post_of("bb");
  OutstandingPosts talk;
  EXPECT_FALSE(talk.unsent());
  talk.begin(a, kNow);
  talk.begin(b, kNow);
  EXPECT_EQ(gathered(talk), "aaaabb");
  talk.sent(3);
  EXPECT_EQ(gathered(talk), "abb");
  talk.sent(2);
  EXPECT_EQ(gathered(talk), "b");
  talk.sent(1);
  EXPECT_FALSE(talk.unsent());
  EXPECT_EQ(talk.outstanding(), 2U);
}

TEST(OutstandingPosts, AnswersBelongToPostsInOrder) {
  const Post a = post_of("a");
  const Post b = post_of("b");
  OutstandingPosts talk;
  talk.begin(a, kNow);
  talk.begin(b, kNow + std::chrono::seconds(1));
  talk.sent(2);
  EXPECT_EQ(talk.answered()->post, &a);
  const auto second = talk.answered();
  EXPECT_EQ(second->post, &b);
  EXPECT_EQ(second->intended, kNow + std::chrono::seconds(1));
  EXPECT_FALSE(talk.answered());
  EXPECT_FALSE(talk.broken());
}

TEST(OutstandingPosts, APostBegunLaterGoesOnWhereTheLastOneEnded) {
  const Post a = post_of("aa");
  OutstandingPosts talk;
  talk.begin(a, kNow);
  talk.sent(2);
  EXPECT_TRUE(talk.answered());
  talk.begin(a, kNow);
  EXPECT_EQ(gathered(talk), "aa");
  talk.sent(1);
  EXPECT_EQ(gathered(talk), "a");
}

TEST(OutstandingPosts, AnAnswerBeforeTheWholePostWasSentBreaksIt) {
  const Post a = post_of("aaaa");
  OutstandingPosts talk;
  talk.begin(a, kNow);
  talk.sent(2);
  EXPECT_TRUE(talk.answered());
  EXPECT_TRUE(talk.broken());
  talk.clear();
  EXPECT_FALSE(talk.broken());
  talk.begin(a, kNow);
  EXPECT_EQ(gathered(talk), "aaaa");
}

}  // namespace
}  // namespace gateway::test
