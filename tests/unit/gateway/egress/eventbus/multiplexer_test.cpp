#include "gateway/egress/eventbus/multiplexer.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <initializer_list>

#include "support/encoded_request.hpp"
#include "unit/gateway/egress/eventbus/multiplexer_support.hpp"

namespace gateway::egress {
namespace {

using namespace std::chrono_literals;
using Step = Multiplexer::Step;

using Sizes = std::initializer_list<std::size_t>;

TEST_F(MultiplexerTest, WritesRequestsInOrder) {
  stage(0, 3);
  EXPECT_EQ(mux_.in_flight(), 3U);
  const std::string bytes = test::joined(mux_.outgoing());
  EXPECT_EQ(bytes.size(), mux_.outgoing_bytes());
  std::string_view rest = bytes;
  for (std::size_t i = 0; i < 3; ++i) {
    const auto request = test::EncodedRequest::take(rest);
    ASSERT_TRUE(request);
    EXPECT_EQ(request->line, "POST /bus HTTP/1.1");
    EXPECT_EQ(request->body, record(i));
  }
  EXPECT_TRUE(rest.empty());
}

TEST_F(MultiplexerTest, HasRoomForAsManyAsItsPipelineIsDeep) {
  EXPECT_EQ(mux_.depth(), 16U);
  stage(0, 15);
  EXPECT_TRUE(mux_.has_room());
  stage(15, 16);
  EXPECT_FALSE(mux_.has_room());
  write_all();
  EXPECT_FALSE(mux_.has_room()) << "it is answers that make room";
  ASSERT_EQ(next(kOk), Step::answered);
  take_answered();
  EXPECT_TRUE(mux_.has_room());
}

TEST_F(MultiplexerTest, AnswersInTheOrderOfTheRequests) {
  stage(0, 4);
  write_all();
  std::string answers;
  for (int i = 0; i < 4; ++i) answers += kOk;
  std::string_view input = answers;
  for (std::uint32_t i = 0; i < 4; ++i) {
    ASSERT_EQ(mux_.next(input, kStart), Step::answered);
    EXPECT_EQ(mux_.response().status, 200U);
    EXPECT_EQ(take_answered(), std::vector{i});
    EXPECT_FALSE(mux_.cut_short());
  }
  EXPECT_EQ(mux_.next(input, kStart), Step::need_more);
  EXPECT_EQ(mux_.in_flight(), 0U);
}

TEST_F(MultiplexerTest, GivesBackExactlyWhatWasNotAnswered) {
  constexpr std::uint32_t kAll = 8;
  for (std::uint32_t answered = 0; answered <= kAll; ++answered) {
    SCOPED_TRACE(answered);
    mux_.begin();
    stage(0, kAll);
    write_all();
    for (std::uint32_t i = 0; i < answered; ++i) {
      ASSERT_EQ(next(kOk), Step::answered);
      ASSERT_EQ(take_answered(), std::vector{i});
    }
    Lost expected;
    for (std::uint32_t i = kAll; i-- > answered;) expected.emplace_back(i, true);
    EXPECT_EQ(lose(), expected) << "last one first";
    EXPECT_EQ(mux_.in_flight(), 0U);
    EXPECT_EQ(mux_.outgoing_bytes(), 0U);
    EXPECT_EQ(lose(), Lost{}) << "once";
  }
}

TEST_F(MultiplexerTest, KnowsWhichOfTheLostWereSent) {
  const std::size_t one = stage(0, 1);
  mux_.begin();
  const std::size_t all = stage(0, 3);
  ASSERT_EQ(all, 3 * one);
  for (std::size_t written = 0; written <= all; ++written) {
    SCOPED_TRACE(written);
    mux_.begin();
    stage(0, 3);
    mux_.written(written);
    EXPECT_EQ(mux_.outgoing_bytes(), all - written);
    EXPECT_EQ(lose(), (Lost{{2, written > 2 * one}, {1, written > one}, {0, written > 0}}));
  }
}

TEST_F(MultiplexerTest, CountsBytesAcrossAnswersAndWrites) {
  const std::size_t one = stage(0, 1);
  write_all();
  stage(1, 3);
  mux_.written(one);
  ASSERT_EQ(next(kOk), Step::answered);
  EXPECT_EQ(take_answered(), std::vector{0U});
  stage(3, 4);
  mux_.written(1);  // of the third
  EXPECT_EQ(lose(), (Lost{{3, false}, {2, true}, {1, true}}));
}

TEST_F(MultiplexerTest, WritesEveryByteOnceWhateverThePieces) {
  const std::size_t all = stage(0, 10);
  const std::string expected = test::joined(mux_.outgoing());
  for (const std::size_t piece : Sizes{1, 7, 100, 1000}) {
    SCOPED_TRACE(piece);
    mux_.begin();
    stage(0, 10);
    std::string written;
    while (mux_.outgoing_bytes() != 0) {
      const std::size_t n = std::min(piece, mux_.outgoing_bytes());
      written += test::joined(mux_.outgoing()).substr(0, n);
      mux_.written(n);
    }
    EXPECT_EQ(written.size(), all);
    EXPECT_EQ(written, expected);
  }
}

TEST_F(MultiplexerTest, TellsSinceWhenAnAnswerIsDue) {
  stage(0, 1, kStart);
  EXPECT_EQ(mux_.waiting_since(), kStart);
  stage(1, 2, kStart + 1s);
  EXPECT_EQ(mux_.waiting_since(), kStart);
  write_all();
  ASSERT_EQ(next(kOk, kStart + 5s), Step::answered);
  EXPECT_EQ(mux_.answered_staged(), kStart);
  take_answered();
  EXPECT_EQ(mux_.waiting_since(), kStart + 5s) << "the time of the second begins";
  ASSERT_EQ(next(kOk, kStart + 6s), Step::answered);
  EXPECT_EQ(mux_.answered_staged(), kStart + 1s);
  take_answered();
  stage(2, 3, kStart + 60s);
  EXPECT_EQ(mux_.waiting_since(), kStart + 60s) << "idle time does not count";
}

TEST_F(MultiplexerTest, IsHeldUpByAnAnswerThatIsDueForLong) {
  Multiplexer automatic{encoder_, 0};
  automatic.begin();
  EXPECT_FALSE(automatic.is_held_up(kStart + 1h)) << "nothing is due";
  automatic.stage(event(0), kStart);
  EXPECT_FALSE(automatic.is_held_up(kStart));
  EXPECT_TRUE(automatic.is_held_up(kStart + 1ns));
  stage(0, 1);
  EXPECT_FALSE(mux_.is_held_up(kStart + 1h)) << "a fixed depth is what was asked for";
}

TEST_F(MultiplexerTest, SendsAnEventThatIsPassedOn) {
  events::CloudEvent& passed = post_.passed_on.emplace_back();
  passed.attributes = {{"specversion", "1.0"}, {"id", "7"}, {"source", "/s"}, {"type", "t"}};
  passed.data = "data";
  passed.data_kind = events::CloudEvent::DataKind::bytes;
  stage(0, 1);
  const std::string bytes = test::joined(mux_.outgoing());
  std::string_view rest = bytes;
  const auto request = test::EncodedRequest::take(rest);
  ASSERT_TRUE(request);
  EXPECT_EQ(request->header("ce-id"), "7");
  EXPECT_EQ(request->body, "data");
}

TEST_F(MultiplexerTest, SendsNoMoreThanAConnectionMayBeSent) {
  Multiplexer limited(encoder_, 8);
  limited.begin(false, 10);
  std::uint32_t sent = 0;
  while (limited.has_room()) limited.stage(event(sent++), kStart);
  EXPECT_EQ(sent, 8U);
  EXPECT_TRUE(limited.near_end()) << "another one is to be there in time";
  limited.written(limited.outgoing_bytes());
  for (std::uint32_t i = 0; i < sent; ++i) {
    std::string_view input = kOk;
    ASSERT_EQ(limited.next(input, kStart), Step::answered);
    static_cast<void>(limited.take_answered());
  }
  while (limited.has_room()) limited.stage(event(sent++), kStart);
  EXPECT_EQ(sent, 10U);
  EXPECT_EQ(limited.answers(), 8U);
  limited.lost([](const EventSlot&, bool) {});
  limited.begin(true, 0);
  EXPECT_TRUE(limited.has_room());
  EXPECT_FALSE(limited.near_end());
}

TEST_F(MultiplexerTest, KeepsItsDepthOverAnExpectedEnd) {
  Multiplexer automatic(encoder_, 0);
  automatic.begin();
  for (std::uint32_t i = 0; i < 3; ++i) {
    while (automatic.has_room()) automatic.stage(event(0), kStart);
    automatic.written(automatic.outgoing_bytes());
    while (automatic.requests() != 0) {
      std::string_view input = kOk;
      ASSERT_EQ(automatic.next(input, kStart), Step::answered);
      static_cast<void>(automatic.take_answered());
    }
    automatic.after_read(kStart);
  }
  ASSERT_EQ(automatic.depth(), 8U);
  automatic.lost([](const EventSlot&, bool) {});
  automatic.begin(true);
  EXPECT_EQ(automatic.depth(), 8U);
  automatic.begin(false);
  EXPECT_EQ(automatic.depth(), 1U);
}

class BatchMultiplexerTest : public MultiplexerTest {
 protected:
  void stage_batch(std::uint32_t from, std::uint32_t to) {
    batches_.open_batch();
    for (std::uint32_t i = from; i < to; ++i) EXPECT_TRUE(batches_.add_to_batch(event(i), 1 << 20));
    batches_.close_batch(kStart);
  }
  events::Encoder batch_encoder_{settings(events::ContentMode::batch)};
  Multiplexer batches_{batch_encoder_, 2};
};

TEST_F(BatchMultiplexerTest, AnswersABatchAsAWhole) {
  stage_batch(0, 3);
  EXPECT_TRUE(batches_.has_room()) << "requests count, not events";
  stage_batch(3, 5);
  EXPECT_FALSE(batches_.has_room());
  EXPECT_EQ(batches_.in_flight(), 5U);
  batches_.written(batches_.outgoing_bytes());
  std::string_view input = kOk;
  ASSERT_EQ(batches_.next(input, kStart), Step::answered);
  ASSERT_EQ(batches_.answered_events(), 3U);
  for (std::uint32_t i = 0; i < 3; ++i) EXPECT_EQ(batches_.take_answered().index, i);
  EXPECT_EQ(batches_.in_flight(), 2U);
}

TEST_F(BatchMultiplexerTest, KeepsTheBodyWithinItsBytes) {
  batches_.open_batch();
  EXPECT_TRUE(batches_.add_to_batch(event(0), 1)) << "the first one always";
  EXPECT_FALSE(batches_.add_to_batch(event(1), 1));
  batches_.close_batch(kStart);
  const std::string alone = test::joined(batches_.outgoing());
  std::string_view rest = alone;
  const auto one = test::EncodedRequest::take(rest);
  ASSERT_TRUE(one);
  const std::size_t two = 2 * one->body.size() - 1;  // "[a]" and "[b]" make "[a,b]"
  batches_.begin();
  for (const std::size_t most : Sizes{two - 1, two}) {
    batches_.open_batch();
    EXPECT_TRUE(batches_.add_to_batch(event(0), most));
    EXPECT_EQ(batches_.add_to_batch(event(1), most), most == two);
    batches_.close_batch(kStart);
  }
  const std::string both = test::joined(batches_.outgoing());
  rest = both;
  EXPECT_EQ(test::EncodedRequest::take(rest)->body, one->body);
  EXPECT_EQ(test::EncodedRequest::take(rest)->body.size(), two);
  batches_.written(batches_.outgoing_bytes());
  std::string_view input = kOk;
  ASSERT_EQ(batches_.next(input, kStart), Step::answered);
  EXPECT_EQ(batches_.answered_bytes(), alone.size());
}

TEST_F(BatchMultiplexerTest, GivesBackTheBatchesThatWereNotAnswered) {
  stage_batch(0, 3);
  const std::size_t first = batches_.outgoing_bytes();
  stage_batch(3, 5);
  batches_.written(first);
  Lost lost;
  batches_.lost([&lost](const EventSlot& slot, bool sent) { lost.emplace_back(slot.index, sent); });
  EXPECT_EQ(lost, (Lost{{4, false}, {3, false}, {2, true}, {1, true}, {0, true}}));
}

TEST_F(MultiplexerTest, GrowsOnAnswersAndFallsBackOnAnOddity) {
  Multiplexer automatic(encoder_, 0);
  automatic.begin();
  EXPECT_EQ(automatic.depth(), 1U);
  automatic.stage(event(0), kStart);
  EXPECT_FALSE(automatic.has_room());
  automatic.written(automatic.outgoing_bytes());
  std::string_view input = kOk;
  ASSERT_EQ(automatic.next(input, kStart), Step::answered);
  static_cast<void>(automatic.take_answered());
  automatic.after_read(kStart);
  EXPECT_EQ(automatic.depth(), 2U);
  automatic.oddity(kStart);
  EXPECT_EQ(automatic.depth(), 1U);
}

}  // namespace
}  // namespace gateway::egress
