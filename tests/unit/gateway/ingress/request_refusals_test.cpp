// What a RequestReader refuses, and where its limits are.
#include <gtest/gtest.h>

#include <initializer_list>
#include <string>

#include "gateway/ingress/request_reader.hpp"
#include "requests.hpp"

namespace gateway::ingress {
namespace {

using Sizes = std::initializer_list<std::size_t>;

class RequestRefusals : public testing::Test {
 protected:
  BufferPool pool_;
};

TEST_F(RequestRefusals, RefusesWhatIsNotStrictlyHttp) {
  const struct {
    const char* text;
    unsigned status;
    const char* reason;
  } cases[] = {
      {"POST /\r\n\r\n", 400, "malformed request line"},
      {"POST\r\n\r\n", 400, "malformed request line"},
      {"POST  HTTP/1.1\r\nHost: h\r\n\r\n", 400, "malformed request line"},
      {"POST / x HTTP/1.1\r\nHost: h\r\n\r\n", 400, "malformed request line"},
      {"POST  / HTTP/1.1\r\nHost: h\r\n\r\n", 400, "malformed request line"},
      {"POST /\t HTTP/1.1\r\nHost: h\r\n\r\n", 400, "malformed request line"},
      {"POST /\xc3\xa4 HTTP/1.1\r\nHost: h\r\n\r\n", 400, "malformed request line"},
      {"POST / HTTP/1.1 \r\nHost: h\r\n\r\n", 400, "malformed request line"},
      {"POST / HTTP/1.2\r\nHost: h\r\n\r\n", 400, "not HTTP/1.1"},
      {"POST / HTTP/2.0\r\nHost: h\r\n\r\n", 400, "not HTTP/1.1"},
      {"POST / http/1.1\r\nHost: h\r\n\r\n", 400, "not HTTP/1.1"},
      {" / HTTP/1.1\r\nHost: h\r\n\r\n", 400, "malformed method"},
      {"PO(ST / HTTP/1.1\r\nHost: h\r\n\r\n", 400, "malformed method"},
      {"POST / HTTP/1.1\r\n\r\n", 400, "exactly one Host field is needed"},
      {"POST / HTTP/1.1\r\nHost: a b\r\n\r\n", 400, "malformed Host field"},
      {"POST / HTTP/1.1\r\nHost: a/b\r\nHost: a\r\n\r\n", 400, "exactly one Host field is needed"},
      {"POST a:80 HTTP/1.1\r\nHost: h\r\n\r\n", 400,
       "request target that is neither a path nor a URI"},
      {"POST * HTTP/1.1\r\nHost: h\r\n\r\n", 400,
       "request target that is neither a path nor a URI"},
      {"CONNECT / HTTP/1.1x\r\nHost: h\r\n\r\n", 400, "not HTTP/1.1"},
      {"CONNECT a/b HTTP/1.1\r\nHost: h\r\n\r\n", 400,
       "request target that is neither a path nor a URI"},
      {"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked, identity\r\n\r\n", 400,
       "malformed Transfer-Encoding"},
      {"\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n", 400, "empty lines instead of a request"},
      {"POST / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400, "exactly one Host field is needed"},
      {"POST / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n", 400, "exactly one Host field is needed"},
      {"POST / HTTP/1.1\r\nHost : h\r\n\r\n", 400, "malformed header field"},
      {"POST / HTTP/1.1\r\nHost: h\r\n folded\r\n\r\n", 400, "malformed header field"},
      {"POST / HTTP/1.1\r\nHost: h\r\nno colon\r\n\r\n", 400, "malformed header field"},
      {"POST / HTTP/1.1\nHost: h\n\n", 400,
       "control character in the head, or a line that does not end in CRLF"},
      {"\nPOST / HTTP/1.1\r\nHost: h\r\n\r\n", 400,
       "control character in the head, or a line that does not end in CRLF"},
      {"POST / HTTP/1.1\r\nHost: \x01\r\n\r\n", 400,
       "control character in the head, or a line that does not end in CRLF"},
      {"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1x\r\n\r\n", 400, "malformed Content-Length"},
      {"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n", 400,
       "more than one Content-Length"},
      {"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400,
       "both Content-Length and Transfer-Encoding"},
      {"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked, chunked\r\n\r\n", 400,
       "malformed Transfer-Encoding"},
      {"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 501,
       "transfer coding other than chunked"},
      {"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400,
       "Transfer-Encoding in HTTP/1.0"},
      {"POST / HTTP/1.1\r\nHost: h\r\nExpect: miracles\r\n\r\n", 417,
       "expectation other than 100-continue"},
      {"POST / HTTP/1.1\r\nHost: h\r\nExpect: a\r\nExpect: 100-continue\r\n\r\n", 417,
       "expectation other than 100-continue"},
      {"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n", 400,
       "malformed chunked body"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.text);
    for (const std::size_t piece : Sizes{1, 1000}) {
      Feed feed(pool_);
      EXPECT_FALSE(feed.give_in_pieces(c.text, piece));
      EXPECT_EQ(feed.status(), c.status);
      EXPECT_EQ(feed.reason(), c.reason);
      EXPECT_EQ(feed.reader().next(), RequestReader::Step::bad) << "and stays so";
    }
  }
}

TEST_F(RequestRefusals, RefusesAChunkedBodyThatGrowsOverTheLimit) {
  for (const std::size_t piece : Sizes{1, 100, 100'000}) {
    SCOPED_TRACE(piece);
    Feed fits(pool_, 1000);
    EXPECT_TRUE(fits.give_in_pieces(chunked_post_of(pattern(1000), 300), piece));
    EXPECT_EQ(fits.requests.size(), 1U);
    Feed larger(pool_, 1000);
    EXPECT_FALSE(larger.give_in_pieces(chunked_post_of(pattern(1001), 300), piece));
    EXPECT_EQ(larger.status(), 413U);
    EXPECT_TRUE(larger.requests.empty());
  }
}

TEST_F(RequestRefusals, SkipsAChunkedBodyUpToTheLimitAlone) {
  Feed feed(pool_, 1000);
  feed.skip_bodies = true;
  EXPECT_FALSE(feed.give_in_pieces(chunked_post_of(pattern(2000), 100), 50));
  EXPECT_EQ(feed.status(), 413U);
  Feed malformed(pool_, 1000);
  malformed.skip_bodies = true;
  EXPECT_FALSE(malformed.give("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nx"));
  EXPECT_EQ(malformed.status(), 400U);
}

TEST_F(RequestRefusals, BoundsTheHead) {
  const auto with_field = [](std::size_t head) {
    std::string text = "POST / HTTP/1.1\r\nHost: h\r\nX: ";
    text.append(head - text.size() - 4, 'x');
    return text + "\r\n\r\n";
  };
  for (const std::size_t piece : Sizes{1000, 100'000}) {
    SCOPED_TRACE(piece);
    Feed fits(pool_);
    EXPECT_TRUE(fits.give_in_pieces(with_field(http::kMaxHead), piece)) << fits.reason();
    EXPECT_EQ(fits.requests.size(), 1U);
    Feed larger(pool_);
    EXPECT_FALSE(larger.give_in_pieces(with_field(http::kMaxHead + 1), piece));
    EXPECT_EQ(larger.status(), 431U);
    EXPECT_EQ(larger.reason(), "head too large");
  }
}

TEST_F(RequestRefusals, ARequestLineTooLongIsNamed) {
  Feed feed(pool_);
  EXPECT_FALSE(feed.give("POST /" + std::string(http::kMaxHead, 'x')));
  EXPECT_EQ(feed.status(), 414U);
}

TEST_F(RequestRefusals, AHostThatWasGoodDoesNotVouchForTheNext) {
  Feed feed(pool_);
  EXPECT_TRUE(feed.give(post_of("a") + post_of("b")));
  EXPECT_FALSE(feed.give("POST / HTTP/1.1\r\nHost: h@h\r\n\r\n"));
  EXPECT_EQ(feed.reason(), "malformed Host field");
}

TEST_F(RequestRefusals, BoundsTheNumberOfFields) {
  const auto with_fields = [](std::size_t count) {
    std::string fields;
    for (std::size_t i = 0; i < count; ++i) fields += "a: b\r\n";
    return post_of("", fields);
  };
  Feed fits(pool_);
  EXPECT_TRUE(fits.give(with_fields(http::kMaxFields - 2)));
  Feed more(pool_);
  EXPECT_FALSE(more.give(with_fields(http::kMaxFields - 1)));
  EXPECT_EQ(more.status(), 431U);
  EXPECT_EQ(more.reason(), "too many header fields");
}

TEST_F(RequestRefusals, ServesWhatCameBeforeABadRequest) {
  Feed feed(pool_);
  EXPECT_FALSE(feed.give(post_of("a") + post_of("b") + "garbage\r\n\r\n"));
  EXPECT_EQ(feed.requests.size(), 2U);
}

}  // namespace
}  // namespace gateway::ingress
