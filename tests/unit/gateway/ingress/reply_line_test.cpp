#include "gateway/ingress/reply_line.hpp"

#include <gtest/gtest.h>

#include <string>

#include "gateway/domain/answers.hpp"

namespace gateway::ingress {
namespace {

using namespace std::chrono_literals;

constexpr WallInstant kNow{784111777s};

void answer(Post& post, Answer with) {
  post.answer = std::move(with);
  post.state = Post::State::answered;
}

// What the ledger leaves when every event was delivered.
void accept(Post& post, std::uint32_t records) {
  Answer plain;
  plain.status = 200;
  post.begin_events(records, EventState::delivered);
  answer(post, std::move(plain));
}

std::string written(Post& post, bool close = false) {
  ReplyLine line;
  line.push(post);
  ReplyText text;
  std::string out;
  EXPECT_EQ(&line.write_front(out, text, kNow, close), &post);
  EXPECT_TRUE(line.empty());
  return out;
}

TEST(ReplyLine, AnswersInTheOrderOfTheRequests) {
  Post posts[3];
  ReplyLine line;
  EXPECT_TRUE(line.empty());
  EXPECT_FALSE(line.ready());
  for (Post& post : posts) line.push(post);
  EXPECT_EQ(line.size(), 3U);

  accept(posts[2], 3);
  EXPECT_FALSE(line.ready()) << "others come before it";
  accept(posts[0], 1);
  ASSERT_TRUE(line.ready());
  ReplyText text;
  std::string out;
  EXPECT_EQ(&line.write_front(out, text, kNow, false), &posts[0]);
  EXPECT_FALSE(line.ready());
  accept(posts[1], 2);
  ASSERT_TRUE(line.ready());
  EXPECT_EQ(&line.write_front(out, text, kNow, false), &posts[1]);
  ASSERT_TRUE(line.ready());
  EXPECT_EQ(&line.write_front(out, text, kNow, false), &posts[2]);
  EXPECT_TRUE(line.empty());
  EXPECT_EQ(line.size(), 0U);

  const auto first = out.find("{\"records\":1}");
  const auto second = out.find("{\"records\":2}");
  const auto third = out.find("{\"records\":3}");
  EXPECT_LT(first, second);
  EXPECT_LT(second, third);
  EXPECT_NE(third, std::string::npos);
}

TEST(ReplyLine, DropsAnswersNobodyWaitsFor) {
  Post posts[2];
  ReplyLine line;
  line.push(posts[0]);
  line.push(posts[1]);
  EXPECT_EQ(&line.drop_front(), &posts[0]);
  EXPECT_EQ(line.size(), 1U);
  EXPECT_EQ(&line.drop_front(), &posts[1]);
  EXPECT_TRUE(line.empty());
}

TEST(ReplyLine, WritesAcceptedPosts) {
  const std::pair<std::uint32_t, const char*> cases[] = {
      {0, "Content-Length: 13\r\n\r\n{\"records\":0}"},
      {9, "Content-Length: 13\r\n\r\n{\"records\":9}"},
      {10, "Content-Length: 14\r\n\r\n{\"records\":10}"},
      {8'388'608, "Content-Length: 19\r\n\r\n{\"records\":8388608}"},
  };
  for (const auto& [records, end] : cases) {
    Post post;
    accept(post, records);
    EXPECT_EQ(written(post),
              "HTTP/1.1 200 OK\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nContent-Type: "
              "application/json\r\n" +
                  std::string(end));
  }
}

TEST(ReplyLine, SaysWhenTheConnectionEnds) {
  Post post;
  accept(post, 1);
  EXPECT_EQ(written(post, true),
            "HTTP/1.1 200 OK\r\nConnection: close\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
            "Content-Type: application/json\r\n"
            "Content-Length: 13\r\n\r\n{\"records\":1}");
}

TEST(ReplyLine, WritesExtraFieldsAndBodies) {
  Post overloaded;
  answer(overloaded, answers::not_stored("full", 7s));
  EXPECT_EQ(written(overloaded),
            "HTTP/1.1 503 Service Unavailable\r\nDate: Sun, 06 Nov 1994 08:49:37 "
            "GMT\r\nRetry-After: 7\r\n"
            "Content-Type: application/json\r\nContent-Length: 16\r\n\r\n{\"error\":\"full\"}");
  Post method;
  answer(method, answers::method_not_allowed(9464));
  EXPECT_TRUE(
      written(method).starts_with("HTTP/1.1 405 Method Not Allowed\r\nDate: Sun, 06 Nov 1994 "
                                  "08:49:37 GMT\r\nAllow: POST, OPTIONS\r\n"));
}

TEST(ReplyLine, DescribesTheBodyOfAnAnswerToHeadAndDoesNotSendIt) {
  Post post;
  Answer health = answers::health("");
  health.to_head = true;
  answer(post, std::move(health));
  const std::string text = written(post);
  EXPECT_NE(text.find("Content-Type: text/plain; charset=utf-8\r\nContent-Length: 3\r\n"),
            std::string::npos)
      << text;
  EXPECT_TRUE(text.ends_with("\r\n\r\n"));
}

TEST(ReplyLine, WritesAnEmptyBodyWithoutType) {
  Post post;
  answer(post, answers::options("example.com"));
  EXPECT_EQ(written(post),
            "HTTP/1.1 200 OK\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nAllow: POST, OPTIONS\r\n"
            "WebHook-Allowed-Origin: example.com\r\nWebHook-Allowed-Rate: *\r\n"
            "Content-Length: 0\r\n\r\n");
}

TEST(ReplyLine, AppendsToWhatIsThere) {
  Post post;
  accept(post, 1);
  ReplyLine line;
  line.push(post);
  ReplyText text;
  std::string out = "before";
  line.write_front(out, text, kNow, false);
  EXPECT_TRUE(out.starts_with("beforeHTTP/1.1 200 OK\r\n"));
}

TEST(ReplyText, WritesTheDatesOfTheStandard) {
  ReplyText text;
  const auto at = [&text](std::int64_t second) {
    return std::string(text.date(WallInstant(std::chrono::seconds(second))));
  };
  EXPECT_EQ(at(784111777), "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n");
  EXPECT_EQ(at(784111778), "Date: Sun, 06 Nov 1994 08:49:38 GMT\r\n");
  EXPECT_EQ(at(0), "Date: Thu, 01 Jan 1970 00:00:00 GMT\r\n");
  EXPECT_EQ(at(951782400), "Date: Tue, 29 Feb 2000 00:00:00 GMT\r\n");
}

TEST(ReplyText, ChangesWithTheSecond) {
  ReplyText text;
  const WallInstant second(784111777s);
  const std::string before(text.date(second));
  EXPECT_EQ(text.date(second + 999ms), before);
  EXPECT_NE(text.date(second + 1000ms), before);
  EXPECT_EQ(text.date(second), before) << "the clock may be set back";
}

TEST(ReplyText, MakesTheCommonAnswerAnewForAnotherSecondOrNumber) {
  ReplyText text;
  const WallInstant second(784111777s);
  const std::string one(text.accepted(second, 1));
  EXPECT_EQ(text.accepted(second, 1), one);
  EXPECT_TRUE(one.ends_with("Content-Length: 13\r\n\r\n{\"records\":1}")) << one;
  EXPECT_TRUE(text.accepted(second, 20).ends_with("Content-Length: 14\r\n\r\n{\"records\":20}"));
  EXPECT_NE(text.accepted(second + 1000ms, 1), one);
  EXPECT_EQ(text.accepted(second, 1), one);
}

}  // namespace
}  // namespace gateway::ingress
