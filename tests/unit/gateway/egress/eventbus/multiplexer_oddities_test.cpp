// What the multiplexer makes of answers that come early, unasked or not whole.
#include <gtest/gtest.h>

#include "unit/gateway/egress/eventbus/multiplexer_support.hpp"

namespace gateway::egress {
namespace {

using Step = Multiplexer::Step;

TEST_F(MultiplexerTest, AnAnswerWithoutRequestIsSurplus) {
  EXPECT_EQ(next(""), Step::need_more);
  EXPECT_EQ(next("H"), Step::surplus);
  mux_.begin();
  stage(0, 1);
  write_all();
  const std::string two = std::string(kOk) + std::string(kOk);
  std::string_view input = two;
  ASSERT_EQ(mux_.next(input, kStart), Step::answered);
  take_answered();
  EXPECT_EQ(mux_.next(input, kStart), Step::surplus);
}

TEST_F(MultiplexerTest, AnAnswerToARequestThatHasNotLeftIsSurplus) {
  const std::size_t one = stage(0, 1);
  EXPECT_EQ(next(kOk), Step::surplus);
  EXPECT_EQ(lose(), (Lost{{0, false}}));

  stage(0, 2);
  mux_.written(one);
  const std::string two = std::string(kOk) + std::string(kOk);
  std::string_view input = two;
  ASSERT_EQ(mux_.next(input, kStart), Step::answered);
  EXPECT_EQ(take_answered(), std::vector{0U});
  EXPECT_EQ(mux_.next(input, kStart), Step::surplus);
  EXPECT_EQ(lose(), (Lost{{1, false}}));
}

TEST_F(MultiplexerTest, AnEarlyAnswerCutsItsRequestShort) {
  const std::size_t one = stage(0, 1);
  for (std::size_t written = 1; written <= one; ++written) {
    SCOPED_TRACE(written);
    mux_.begin();
    EXPECT_FALSE(mux_.cut_short());
    stage(0, 1);
    mux_.written(written);
    ASSERT_EQ(next("HTTP/1.1 413 Large\r\nContent-Length: 0\r\n\r\n"), Step::answered);
    EXPECT_EQ(take_answered(), std::vector{0U});
    EXPECT_EQ(mux_.cut_short(), written < one);
  }
}

// It is delivered when it has wholly left and is answered, in whatever order.
TEST_F(MultiplexerTest, AnEarlySuccessWaitsForItsRequestToLeave) {
  const std::size_t one = stage(0, 1);
  for (std::size_t written = 1; written < one; ++written) {
    SCOPED_TRACE(written);
    mux_.begin();
    stage(0, 2);
    mux_.written(written);
    EXPECT_EQ(next("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nok"), Step::need_more);
    EXPECT_EQ(mux_.left(kStart), Step::need_more);
    EXPECT_EQ(next("ok"), Step::need_more) << "its body is read past";
    mux_.written(one - written);
    ASSERT_EQ(mux_.left(kStart), Step::answered);
    EXPECT_EQ(mux_.response().status, 200U);
    EXPECT_EQ(take_answered(), std::vector{0U});
    EXPECT_FALSE(mux_.cut_short());
    EXPECT_EQ(mux_.left(kStart), Step::need_more);
    write_all();
    ASSERT_EQ(next(kOk), Step::answered);
    EXPECT_EQ(take_answered(), std::vector{1U});
  }
}

// Encrypted bytes that wait for the socket have been written, but have not left.
TEST_F(MultiplexerTest, AnEarlySuccessWaitsForWhatIsHeldOfItsRequest) {
  const std::size_t one = stage(0, 1);
  stage(1, 2);
  write_all();
  mux_.held(one + 1);
  EXPECT_EQ(next(kOk), Step::need_more);
  EXPECT_EQ(mux_.left(kStart), Step::need_more);
  mux_.held(one);
  ASSERT_EQ(mux_.left(kStart), Step::answered) << "the second request alone is held";
  EXPECT_EQ(take_answered(), std::vector{0U});
  EXPECT_EQ(next(kOk), Step::need_more);
  mux_.held(0);
  ASSERT_EQ(mux_.left(kStart), Step::answered);
  EXPECT_EQ(take_answered(), std::vector{1U});

  stage(0, 1);
  write_all();
  mux_.held(1);
  ASSERT_EQ(next("HTTP/1.1 413 Large\r\nContent-Length: 0\r\n\r\n"), Step::answered);
  EXPECT_FALSE(mux_.cut_short()) << "the rest can still be sent";
}

TEST_F(MultiplexerTest, AnEarlySuccessIsNoneIfItsRequestDoesNotLeave) {
  const std::size_t one = stage(0, 1);
  mux_.written(one - 1);
  ASSERT_EQ(next(kOk), Step::need_more);
  EXPECT_EQ(mux_.end(kStart), Step::need_more);
  EXPECT_EQ(lose(), (Lost{{0, true}}));
  stage(0, 1);
  mux_.written(one - 1);
  const std::string two = std::string(kOk) + std::string(kOk);
  EXPECT_EQ(next(two), Step::surplus) << "the second one answers nothing";
  EXPECT_EQ(lose(), (Lost{{0, true}}));
  stage(0, 1);
  mux_.written(1);
  EXPECT_EQ(mux_.left(kStart), Step::need_more) << "nothing is left of the one before";
}

TEST_F(MultiplexerTest, ReportsWhatIsNotHttp) {
  stage(0, 2);
  write_all();
  EXPECT_EQ(next("220 smtp.example ESMTP\r\n\r\n"), Step::bad);
  EXPECT_EQ(mux_.problem(), "malformed status line");
  EXPECT_EQ(lose(), (Lost{{1, true}, {0, true}}));
  stage(0, 1);
  write_all();
  EXPECT_EQ(next(kOk), Step::answered) << "the next connection starts afresh";
  EXPECT_EQ(take_answered(), std::vector{0U});
}

TEST_F(MultiplexerTest, TakesTheEndOfTheConnectionForTheEndOfABody) {
  stage(0, 2);
  write_all();
  ASSERT_EQ(next("HTTP/1.1 502 Bad\r\n\r\nuntil the end"), Step::need_more);
  ASSERT_EQ(mux_.end(kStart), Step::answered);
  EXPECT_EQ(take_answered(), std::vector{0U});
  EXPECT_TRUE(mux_.response().close);
  EXPECT_EQ(lose(), (Lost{{1, true}}));
}

TEST_F(MultiplexerTest, AnEndInTheMiddleOfAnAnswerIsNone) {
  stage(0, 1);
  write_all();
  EXPECT_EQ(mux_.end(kStart), Step::need_more) << "nothing had begun";
  ASSERT_EQ(next("HTTP/1.1 200 OK\r\nContent-Le"), Step::need_more);
  EXPECT_EQ(mux_.end(kStart), Step::bad);
  EXPECT_EQ(lose(), (Lost{{0, true}}));
}

// HAProxy and others say so before they close a connection on which no request has come.
TEST_F(MultiplexerTest, AnUnasked408IsAnEndAndNoAnswer) {
  constexpr std::string_view kTimeout =
      "HTTP/1.1 408 Request Time-out\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
  EXPECT_EQ(next(kTimeout), Step::ends);
  stage(0, 1);
  EXPECT_EQ(next(kTimeout), Step::ends) << "the request has not left";
  EXPECT_EQ(lose(), (Lost{{0, false}}));

  mux_.begin();
  stage(0, 1);
  write_all();
  EXPECT_EQ(next(kTimeout), Step::answered) << "it may be meant";
  EXPECT_EQ(mux_.response().status, 408u);
}

}  // namespace
}  // namespace gateway::egress
