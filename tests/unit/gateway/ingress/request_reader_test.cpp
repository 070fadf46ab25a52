#include "gateway/ingress/request_reader.hpp"

#include <gtest/gtest.h>

#include <initializer_list>
#include <string>

#include "requests.hpp"

namespace gateway::ingress {
namespace {

class RequestReaderTest : public testing::Test {
 protected:
  BufferPool pool_;
};

using Sizes = std::initializer_list<std::size_t>;

TEST_F(RequestReaderTest, ReadsARequestInOnePiece) {
  Feed feed(pool_);
  EXPECT_TRUE(feed.reader().idle());
  ASSERT_TRUE(feed.give(post_of("{\"Records\":[]}", "Content-Type: application/json\r\n")));
  ASSERT_EQ(feed.requests.size(), 1U);
  const Request& request = feed.requests[0];
  EXPECT_EQ(request.head.method, Method::post);
  EXPECT_EQ(request.head.kind, BodyKind::records);
  EXPECT_TRUE(request.head.keep_alive);
  EXPECT_FALSE(request.head.chunked);
  EXPECT_FALSE(request.head.expects_continue);
  EXPECT_EQ(request.head.content_length, 14U);
  EXPECT_EQ(request.body_text(), "{\"Records\":[]}");
  EXPECT_EQ(text(request.content_type, request), "application/json");
  EXPECT_EQ(request.webhook_origin.length, 0U);
  EXPECT_TRUE(request.event_fields.empty());
  EXPECT_TRUE(feed.reader().idle());
}

TEST_F(RequestReaderTest, ReadsTheSameWhereverItIsCut) {
  const std::string whole = post_of("body", "Content-Type: a/b\r\nce-id: 1\r\n");
  for (std::size_t cut = 1; cut < whole.size(); ++cut) {
    SCOPED_TRACE(cut);
    Feed feed(pool_);
    ASSERT_TRUE(feed.give(std::string_view(whole).substr(0, cut)));
    EXPECT_TRUE(feed.requests.empty());
    EXPECT_FALSE(feed.reader().idle());
    ASSERT_TRUE(feed.give(std::string_view(whole).substr(cut)));
    ASSERT_EQ(feed.requests.size(), 1U);
    EXPECT_EQ(feed.requests[0].body_text(), "body");
    EXPECT_EQ(text(feed.requests[0].content_type, feed.requests[0]), "a/b");
    EXPECT_TRUE(feed.reader().idle());
  }
}

TEST_F(RequestReaderTest, ReadsPipelinedRequestsInOrderInPiecesOfEverySize) {
  std::string all;
  std::vector<std::string> bodies;
  for (unsigned i = 0; i < 12; ++i) {
    bodies.push_back(pattern(i * 37 % 200, i));
    all += i % 3 == 0 ? chunked_post_of(bodies.back(), 16) : post_of(bodies.back());
    if (i % 4 == 0) all += "\r\n";
  }
  for (const std::size_t piece : Sizes{1, 2, 3, 7, 16, 61, 100, 255, 256, 1000, 1'000'000}) {
    SCOPED_TRACE(piece);
    Feed feed(pool_);
    ASSERT_TRUE(feed.give_in_pieces(all, piece)) << feed.reason();
    ASSERT_EQ(feed.requests.size(), bodies.size());
    for (std::size_t i = 0; i < bodies.size(); ++i) {
      EXPECT_EQ(feed.requests[i].body_text(), bodies[i]) << i;
    }
    EXPECT_TRUE(feed.reader().idle());
  }
}

TEST_F(RequestReaderTest, ManyRequestsOfOneReadKeepTheirBytes) {
  // Around 60 in the first buffer; every request leaves with bytes of its own.
  std::string all;
  for (unsigned i = 0; i < 500; ++i) all += post_of(std::to_string(i));
  Feed feed(pool_);
  ASSERT_TRUE(feed.give(all));
  ASSERT_EQ(feed.requests.size(), 500U);
  for (unsigned i = 0; i < 500; ++i) EXPECT_EQ(feed.requests[i].body_text(), std::to_string(i));
}

TEST_F(RequestReaderTest, ARequestOutlivesWhatIsReadAfterIt) {
  Feed feed(pool_);
  const std::string first = pattern(3000);
  // The head of the next request has come with it, and the two part ways.
  const std::string next = post_of(pattern(2000, 2));
  ASSERT_TRUE(feed.give(post_of(first) + next.substr(0, 100)));
  ASSERT_EQ(feed.requests.size(), 1U);
  const Request kept = std::move(feed.requests[0]);
  const char* const where = kept.bytes.data();
  for (int i = 0; i < 20; ++i) {
    ASSERT_TRUE(feed.give(i == 0 ? next.substr(100) : next));
  }
  EXPECT_EQ(kept.bytes.data(), where);
  EXPECT_EQ(kept.body_text(), first);
  EXPECT_EQ(feed.requests.back().body_text(), pattern(2000, 2));
}

TEST_F(RequestReaderTest, ALoneRequestIsNotCopied) {
  Feed feed(pool_);
  const std::string request = post_of(pattern(1000));
  const auto room = feed.reader().prepare();
  ASSERT_GE(room.size(), request.size());
  const char* const read_into = room.data();
  ASSERT_TRUE(feed.give(request));
  EXPECT_EQ(feed.requests.at(0).bytes.data(), read_into);
}

TEST_F(RequestReaderTest, ThePaddingBehindABodyIsReadable) {
  for (const std::size_t size : Sizes{1, 3900, 4032, 8000, 16'384}) {
    Feed feed(pool_);
    ASSERT_TRUE(feed.give(post_of(pattern(size))));
    const Request& request = feed.requests.at(0);
    EXPECT_LE(request.body.offset + request.body.length, request.bytes.size());
  }
}

TEST_F(RequestReaderTest, ReadsRequestsLargerThanTheFirstBuffer) {
  for (const std::size_t size : Sizes{3968, 4000, 4096, 16'384, 100'000, 1'000'000}) {
    for (const std::size_t piece : Sizes{1000, 4096, 1'000'000}) {
      SCOPED_TRACE(testing::Message() << size << " in pieces of " << piece);
      Feed feed(pool_);
      const std::string body = pattern(size);
      ASSERT_TRUE(
          feed.give_in_pieces(post_of(body) + chunked_post_of(body, 3000) + post_of("end"), piece));
      ASSERT_EQ(feed.requests.size(), 3U);
      EXPECT_EQ(feed.requests[0].body_text(), body);
      EXPECT_EQ(feed.requests[1].body_text(), body);
      EXPECT_EQ(feed.requests[2].body_text(), "end");
    }
  }
}

TEST_F(RequestReaderTest, ReadsALargeRequestBehindSmallOnesOfTheSameBuffer) {
  for (const std::size_t size : Sizes{3000, 3950, 4000, 10'000, 50'000}) {
    const std::string body = pattern(size);
    for (const std::string& large : {post_of(body), chunked_post_of(body, 500)}) {
      for (const std::size_t piece : Sizes{10, 1000, 1'000'000}) {
        SCOPED_TRACE(testing::Message() << size << " in pieces of " << piece);
        Feed feed(pool_);
        ASSERT_TRUE(feed.give_in_pieces(post_of("a") + post_of("b") + large + post_of("c"), piece));
        ASSERT_EQ(feed.requests.size(), 4U);
        EXPECT_EQ(feed.requests[0].body_text(), "a");
        EXPECT_EQ(feed.requests[1].body_text(), "b");
        EXPECT_EQ(feed.requests[2].body_text(), body);
        EXPECT_EQ(feed.requests[3].body_text(), "c");
      }
    }
  }
}

TEST_F(RequestReaderTest, OfARequestAndWhatFollowsTheShorterIsCopied) {
  for (const bool long_first : {true, false}) {
    const std::string first = post_of(pattern(long_first ? 2000 : 10));
    const std::string second = post_of(pattern(long_first ? 10 : 2000));
    Feed feed(pool_);
    const char* const read_into = feed.reader().prepare().data();
    ASSERT_TRUE(feed.give(first + second.substr(0, second.size() - 1)));
    ASSERT_EQ(feed.requests.size(), 1U);
    EXPECT_EQ(feed.requests[0].bytes.data() == read_into, long_first);
  }
}

TEST_F(RequestReaderTest, TellsHowMuchOfABodyIsThere) {
  RequestReader reader(pool_, 1 << 20);
  const std::string head = "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 70000\r\n\r\n";
  const auto room = reader.prepare();
  std::memcpy(room.data(), head.data(), head.size());
  reader.commit(head.size());
  ASSERT_EQ(reader.next(), RequestReader::Step::head);
  EXPECT_EQ(reader.head().content_length, 70'000U);
  reader.keep_body();
  EXPECT_EQ(reader.body_size(), 0U);
  EXPECT_EQ(reader.next(), RequestReader::Step::need_more);
  EXPECT_GE(reader.prepare().size(), 70'000U) << "room for all of it at once";
  reader.commit(1000);
  EXPECT_EQ(reader.next(), RequestReader::Step::need_more);
  EXPECT_EQ(reader.body_size(), 1000U);
}

TEST_F(RequestReaderTest, SkipsBodiesAndGoesOn) {
  const std::string all =
      post_of(pattern(10'000)) + chunked_post_of(pattern(10'000), 700) + post_of("") + post_of("x");
  for (const std::size_t piece : Sizes{1, 100, 5000, 100'000}) {
    SCOPED_TRACE(piece);
    Feed feed(pool_);
    feed.skip_bodies = true;
    ASSERT_TRUE(feed.give_in_pieces(all, piece));
    EXPECT_EQ(feed.skipped, 4U);
    EXPECT_TRUE(feed.requests.empty());
    EXPECT_TRUE(feed.reader().idle());
    feed.skip_bodies = false;
    ASSERT_TRUE(feed.give(post_of("kept")));
    EXPECT_EQ(feed.requests.at(0).body_text(), "kept");
  }
}

TEST_F(RequestReaderTest, WhatIsToBeSkippedNeedNotBeReadAndHoldsNoBuffer) {
  for (const bool read_some : {true, false}) {
    SCOPED_TRACE(read_some);
    BufferPool pool;
    Feed feed(pool);
    feed.skip_bodies = true;
    const std::string post = post_of(pattern(10'000));
    EXPECT_EQ(feed.reader().to_pass_over(), 0U);
    ASSERT_TRUE(feed.give(post.substr(0, post.size() - (read_some ? 7'000 : 10'000))));
    EXPECT_GT(pool.kept_bytes(), 0U) << "it has the buffer back";
    ASSERT_EQ(feed.reader().to_pass_over(), read_some ? 7'000U : 10'000U);
    feed.reader().passed_over(3'000);
    EXPECT_EQ(feed.reader().next(), RequestReader::Step::need_more);
    const std::uint64_t rest = feed.reader().to_pass_over();
    feed.reader().passed_over(rest);
    EXPECT_EQ(feed.reader().next(), RequestReader::Step::skipped);
    EXPECT_EQ(feed.reader().to_pass_over(), 0U);
    EXPECT_TRUE(feed.reader().idle());
    feed.skip_bodies = false;
    ASSERT_TRUE(feed.give(post_of("kept")));
    EXPECT_EQ(feed.requests.at(0).body_text(), "kept");
  }
}

TEST_F(RequestReaderTest, OfAChunkedBodyNobodyKnowsWhatIsLeftToSkip) {
  Feed feed(pool_);
  feed.skip_bodies = true;
  const std::string post = chunked_post_of(pattern(10'000), 700);
  ASSERT_TRUE(feed.give(post.substr(0, 5'000)));
  EXPECT_EQ(feed.reader().to_pass_over(), 0U);
  ASSERT_TRUE(feed.give(post.substr(5'000)));
  EXPECT_EQ(feed.skipped, 1U);
}

TEST_F(RequestReaderTest, IgnoresEmptyLinesBeforeARequest) {
  for (const std::size_t piece : Sizes{1, 2, 3, 1000}) {
    SCOPED_TRACE(piece);
    Feed feed(pool_);
    ASSERT_TRUE(feed.give_in_pieces("\r\n\r\n\r\n" + post_of("a") + "\r\n" + post_of("b"), piece));
    EXPECT_EQ(feed.requests.size(), 2U);
  }
}

TEST_F(RequestReaderTest, HoldsNoMoreBuffersThanItsRequests) {
  Feed feed(pool_);
  for (int i = 0; i < 1000; ++i) {
    ASSERT_TRUE(feed.give(post_of(pattern(500))));
    feed.requests.clear();
  }
  EXPECT_LE(pool_.kept_bytes(), 2 * BufferPool::kSmallest);
}

}  // namespace
}  // namespace gateway::ingress
