#include "gateway/ingress/session.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gateway/domain/answers.hpp"
#include "requests.hpp"
#include "support/start.hpp"

namespace gateway::ingress {
namespace {

using namespace std::chrono_literals;
using test::kStart;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;
using Step = Session::Step;
using Due = Session::Due;

constexpr std::size_t kMaxBody = 1000;

// Both sides of a dialogue: the client's bytes, and what a connection would do with them.
class SessionTest : public testing::Test {
 protected:
  // What the client says, whatever the session makes of it.
  void hear(std::string_view bytes, Instant now = kStart) {
    while (!bytes.empty()) {
      const auto room = session_.room();
      const std::size_t n = std::min(room.size(), bytes.size());
      std::memcpy(room.data(), bytes.data(), n);
      session_.received(n, now);
      bytes.remove_prefix(n);
    }
  }
  // Takes every request there is, each owed an answer.
  void take_all() {
    for (;;) {
      switch (session_.next()) {
        case Step::head: session_.accept(); break;
        case Step::request:
          bodies_.emplace_back(session_.take().body_text());
          owe();
          break;
        case Step::bad:
          owe(answers::refused(session_.problem().status(), session_.problem().reason(), true));
          session_.stop();
          return;
        case Step::need_more: return;
      }
    }
  }
  Post& make_post() { return *posts_.emplace_back(std::make_unique<Post>()); }
  Post& owe() {
    Post& post = make_post();
    session_.owe(post);
    return post;
  }
  void owe(Answer answer) { give(owe(), std::move(answer)); }
  static void give(Post& post, Answer answer) {
    post.answer = std::move(answer);
    post.state = Post::State::answered;
  }
  static void accept(Post& post) {
    Answer good;
    good.status = 200;
    post.begin_events(1, EventState::delivered);
    give(post, std::move(good));
  }
  // What leaves now.
  std::string say(bool last = false, Instant now = kStart) {
    std::string out;
    while (session_.write_answer(out, text_, WallInstant(0s), last) != nullptr) {
    }
    session_.write_leave(out, now);
    return out;
  }
  Due due(std::chrono::milliseconds after) const { return session_.due(kStart + after, 60s); }

  BufferPool buffers_;
  Session::Limits limits_{kMaxBody, 10s, 60s};
  ReplyText text_;
  std::vector<std::unique_ptr<Post>> posts_;
  std::vector<std::string> bodies_;
  Session session_{buffers_, limits_, kStart};
};

TEST_F(SessionTest, AnswersARequestAndWaitsForTheNext) {
  hear(post_of("one"));
  take_all();
  EXPECT_THAT(bodies_, ElementsAre("one"));
  EXPECT_EQ(session_.idle_since(), std::nullopt) << "an answer is pending";
  EXPECT_EQ(say(), "");
  accept(*posts_[0]);
  EXPECT_THAT(say(), StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_TRUE(session_.all_said());
  EXPECT_TRUE(session_.reading());
  EXPECT_EQ(session_.idle_since(), kStart);
}

TEST_F(SessionTest, AnswersPipelinedRequestsInTheirOrder) {
  hear(post_of("one") + post_of("two"));
  take_all();
  EXPECT_THAT(bodies_, ElementsAre("one", "two"));
  give(*posts_[1], answers::refused(400, "second"));
  EXPECT_EQ(say(), "") << "the first is not ready";
  give(*posts_[0], answers::refused(400, "first"));
  const std::string out = say();
  EXPECT_LT(out.find("first"), out.find("second"));
}

TEST_F(SessionTest, PausesWhenTooManyAnswersAreOwed) {
  std::string all;
  for (std::size_t i = 0; i <= Session::kMostUnanswered; ++i) all += post_of("x");
  hear(all);
  take_all();
  EXPECT_EQ(bodies_.size(), Session::kMostUnanswered);
  EXPECT_TRUE(session_.paused());
  EXPECT_EQ(due(1h), Due::nothing) << "who is not listened to cannot be late";
  accept(*posts_[0]);
  EXPECT_NE(say(), "");
  EXPECT_FALSE(session_.paused());
  session_.resume(kStart + 1h);
  EXPECT_EQ(due(1h), Due::nothing);
  take_all();
  EXPECT_EQ(bodies_.size(), Session::kMostUnanswered + 1);
}

TEST_F(SessionTest, PausesWhenTheClientDoesNotReadItsAnswers) {
  session_.set_blocked(true, kStart);
  session_.keep_unsent(std::string(Session::kMostUnsent, 'a'));
  hear(post_of("one"));
  take_all();
  EXPECT_TRUE(bodies_.empty());
  EXPECT_EQ(due(9'999ms), Due::nothing);
  EXPECT_EQ(due(10s), Due::cut);
  session_.sent(1);
  session_.set_blocked(false, kStart);
  take_all();
  EXPECT_THAT(bodies_, ElementsAre("one"));
}

TEST_F(SessionTest, LeaveToSendABodyFollowsEarlierAnswers) {
  hear(post_of("one") +
       "POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n");
  take_all();
  EXPECT_EQ(say(), "");
  accept(*posts_[0]);
  EXPECT_THAT(say(), testing::EndsWith("}HTTP/1.1 100 Continue\r\n\r\n"));
  EXPECT_EQ(say(), "") << "once";
  hear("two");
  take_all();
  EXPECT_THAT(bodies_, ElementsAre("one", "two"));
}

TEST_F(SessionTest, WhoWaitsForLeaveToSendABodyIsNotLate) {
  hear(post_of("one") +
       "POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n");
  take_all();
  EXPECT_EQ(due(20s), Due::nothing);
  accept(*posts_[0]);
  EXPECT_THAT(say(false, kStart + 20s), testing::EndsWith("100 Continue\r\n\r\n"));
  EXPECT_EQ(due(29'999ms), Due::nothing);
  EXPECT_EQ(due(30s), Due::timeout);
}

TEST_F(SessionTest, NoLeaveToSendABodyFollowsItsRefusal) {
  hear(
      "POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n"
      "no chunk\r\n");
  take_all();
  const std::string said = say();
  EXPECT_THAT(said, StartsWith("HTTP/1.1 400 "));
  EXPECT_THAT(said + say(), Not(HasSubstr("100 Continue")));
}

TEST_F(SessionTest, ARefusedBodyIsPassedOverAndTheNextRequestTaken) {
  hear("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\n");
  ASSERT_EQ(session_.next(), Step::head);
  Post& post = make_post();
  session_.refuse(post, false);
  give(post, answers::refused(401, "who?"));
  EXPECT_EQ(session_.next(), Step::need_more);
  EXPECT_EQ(session_.unwanted(), 5U);
  EXPECT_THAT(say(), StartsWith("HTTP/1.1 401 ")) << "at once, not after the body";
  session_.discarded(3, kStart);
  EXPECT_EQ(session_.next(), Step::need_more);
  hear("45" + post_of("next"));
  take_all();
  EXPECT_THAT(bodies_, ElementsAre("next"));
}

TEST_F(SessionTest, ARefusedBodyThatDoesNotComeIsGivenUp) {
  hear("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\n");
  ASSERT_EQ(session_.next(), Step::head);
  session_.refuse(make_post(), false);
  EXPECT_EQ(session_.next(), Step::need_more);
  EXPECT_EQ(due(9'999ms), Due::nothing);
  EXPECT_EQ(due(10s), Due::give_up);
}

TEST_F(SessionTest, WhatIsWrongInARefusedBodyIsNotAnsweredAgain) {
  hear("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n");
  ASSERT_EQ(session_.next(), Step::head);
  session_.refuse(make_post(), false);
  EXPECT_EQ(session_.next(), Step::need_more);
  EXPECT_FALSE(session_.reading());
  EXPECT_TRUE(session_.must_linger());
}

TEST_F(SessionTest, TheAnswerThatEndsAConnectionSaysSoAndIsTheLast) {
  hear(post_of("one"));
  take_all();
  hear("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9999\r\n\r\n" + post_of("late"));
  ASSERT_EQ(session_.next(), Step::head);
  Post& refused = make_post();
  session_.refuse(refused, true);
  give(refused, answers::refused(413, "too large", true));
  take_all();
  EXPECT_THAT(bodies_, ElementsAre("one")) << "nothing more is read";
  EXPECT_EQ(say(), "");
  accept(*posts_[0]);
  const std::string out = say();
  EXPECT_LT(out.find("200 OK"), out.find("413"));
  EXPECT_THAT(out.substr(0, out.find("413")), Not(HasSubstr("Connection: close")));
  EXPECT_THAT(out.substr(out.find("413")), HasSubstr("Connection: close"));
  EXPECT_TRUE(session_.must_linger()) << "the client may still be sending";
}

TEST_F(SessionTest, BytesThatAreNoRequestAreAnsweredAndEndTheReading) {
  hear("nonsense\r\n\r\n");
  take_all();
  EXPECT_THAT(say(), StartsWith("HTTP/1.1 400 "));
  EXPECT_TRUE(session_.all_said());
  EXPECT_FALSE(session_.reading());
}

TEST_F(SessionTest, ALeavingGatewaySaysSoInTheLastAnswerThatIsOwed) {
  hear(post_of("one") + post_of("two"));
  take_all();
  accept(*posts_[0]);
  EXPECT_THAT(say(true), Not(HasSubstr("Connection: close"))) << "another one is owed";
  accept(*posts_[1]);
  EXPECT_THAT(say(true), HasSubstr("Connection: close"));
  EXPECT_FALSE(session_.reading());
}

TEST_F(SessionTest, AClientThatEndsItsSideGetsWhatItIsOwed) {
  hear(post_of("one"));
  take_all();
  session_.end();
  EXPECT_FALSE(session_.reading());
  EXPECT_FALSE(session_.all_said());
  accept(*posts_[0]);
  EXPECT_THAT(say(), HasSubstr("Connection: close"));
  EXPECT_TRUE(session_.all_said());
  EXPECT_FALSE(session_.must_linger()) << "nothing more comes";
}

TEST_F(SessionTest, ARequestHasItsTimeFromItsFirstByte) {
  EXPECT_EQ(due(59'999ms), Due::nothing);
  EXPECT_EQ(due(60s), Due::idle);
  hear("POST", kStart + 30s);
  take_all();
  EXPECT_EQ(session_.idle_since(), std::nullopt);
  hear(" / HT", kStart + 39s);
  take_all();
  EXPECT_EQ(due(39'999ms), Due::nothing);
  EXPECT_EQ(due(40s), Due::timeout) << "trickling gains no time";
}

TEST_F(SessionTest, NobodyIsIdleWhileAnAnswerIsOwedOrUnsent) {
  hear(post_of("one"));
  take_all();
  EXPECT_EQ(due(1h), Due::nothing);
  accept(*posts_[0]);
  static_cast<void>(say());
  session_.set_blocked(true, kStart);
  EXPECT_FALSE(session_.all_said());
  EXPECT_EQ(session_.idle_since(), std::nullopt);
}

TEST_F(SessionTest, LingersAsLongAsTheClientSendsAndNoLonger) {
  session_.stop();
  session_.linger(kStart, 1h);
  EXPECT_EQ(due(1'999ms), Due::nothing);
  EXPECT_EQ(due(2s), Due::cut) << "nothing came";
  for (auto at = 1s; at < 29s; at += 1s) session_.heard(kStart + at);
  EXPECT_EQ(due(29s), Due::nothing);
  session_.heard(kStart + 30s);
  EXPECT_EQ(due(30s), Due::cut) << "in all";
}

TEST_F(SessionTest, LingeringIsCutShortWhenTheGatewayStops) {
  session_.stop();
  session_.linger(kStart, 1h);
  session_.heard(kStart + 10s);
  session_.linger(kStart + 10s, 1s);
  session_.heard(kStart + 11s);
  EXPECT_EQ(due(10'999ms), Due::nothing);
  EXPECT_EQ(due(11s), Due::cut);
}

TEST_F(SessionTest, AnswersNobodyWaitsForAreGivenBack) {
  hear(post_of("one"));
  take_all();
  session_.end();
  EXPECT_EQ(session_.drop_answer(), posts_[0].get());
  EXPECT_EQ(session_.drop_answer(), nullptr);
}

}  // namespace
}  // namespace gateway::ingress
