#include "gateway/http/response_reader.hpp"

#include <gtest/gtest.h>

#include <initializer_list>
#include <string>
#include <vector>

namespace gateway::egress {
namespace {

using namespace std::chrono_literals;
using Step = ResponseReader::Step;

using Sizes = std::initializer_list<std::size_t>;

struct Heard {
  std::vector<Response> responses;
  bool bad = false;
  std::string reason;
};

// All answers in `text`, which arrives in pieces of the given size.
void hear(ResponseReader& reader, std::string_view text, std::size_t piece, Heard& heard) {
  while (!text.empty() && !heard.bad) {
    const std::string owned(text.substr(0, piece));  // bytes need not be kept
    text.remove_prefix(owned.size());
    std::string_view input = owned;
    for (Step step = Step::response; step == Step::response;) {
      step = reader.next(input);
      if (step == Step::response) heard.responses.push_back(reader.response());
      if (step == Step::need_more) {
        EXPECT_TRUE(input.empty());
      }
      if (step == Step::bad) {
        heard.bad = true;
        heard.reason = reader.reason();
      }
    }
  }
}

Heard hear(std::string_view text, std::size_t piece = 1 << 20) {
  ResponseReader reader;
  Heard heard;
  hear(reader, text, piece, heard);
  return heard;
}

std::vector<unsigned> statuses(const Heard& heard) {
  std::vector<unsigned> all;
  for (const Response& response : heard.responses) all.push_back(response.status);
  return all;
}

using Statuses = std::vector<unsigned>;

TEST(ResponseReader, ReadsAnAnswer) {
  const auto heard = hear(
      "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 7\r\n"
      "Content-Length: 4\r\n\r\nbusy");
  ASSERT_EQ(statuses(heard), Statuses{503});
  EXPECT_EQ(heard.responses[0].retry_after, "7");
  EXPECT_EQ(heard.responses[0].excerpt, "busy");
  EXPECT_FALSE(heard.responses[0].close);
}

TEST(ResponseReader, TakesEveryFormOfAStatusLine) {
  for (const char* line : {"HTTP/1.1 200 OK", "HTTP/1.1 200 ", "HTTP/1.1 200", "HTTP/1.0 200 OK",
                           "HTTP/1.9 200 OK", "HTTP/1.1 200 Any \x80 reason, \tand long"}) {
    const auto heard = hear(std::string(line) + "\r\nContent-Length: 0\r\n\r\n");
    EXPECT_EQ(statuses(heard), Statuses{200}) << line;
  }
  EXPECT_EQ(statuses(hear("HTTP/1.1 999 ?\r\nContent-Length: 0\r\n\r\n")), Statuses{999});
}

TEST(ResponseReader, RefusesWhatIsNoAnswer) {
  const struct {
    const char* text;
    const char* reason;
  } cases[] = {
      {"hello\r\n\r\n", "malformed status line"},
      {"hello", "malformed status line"},
      {"HTTP/1.1\r\n\r\n", "malformed status line"},
      {"HTTP/1.1 20\r\n\r\n", "malformed status line"},
      {"HTTP/1.1 20x OK\r\n\r\n", "malformed status line"},
      {"HTTP/1.1 2000 OK\r\n\r\n", "malformed status line"},
      {"HTTP/1.1  200 OK\r\n\r\n", "malformed status line"},
      {"HTTP/1.1 099 Low\r\n\r\n", "malformed status line"},
      {"HTTP/1.x 200 OK\r\n\r\n", "malformed status line"},
      {"HTTP/2.0 200 OK\r\n\r\n", "malformed status line"},
      {"http/1.1 200 OK\r\n\r\n", "malformed status line"},
      {"HTTP/1.1 101 Switching Protocols\r\n\r\n", "unexpected 101 Switching Protocols"},
      {"\r\nHTTP/1.1 200 OK\r\n\r\n", "malformed status line"},
      {"\x16\x03\x01\x02", "malformed status line"},
  };
  for (const auto& c : cases) {
    for (const std::size_t piece : Sizes{1, 1000}) {
      SCOPED_TRACE(testing::Message() << c.text << " in pieces of " << piece);
      const auto heard = hear(c.text, piece);
      EXPECT_TRUE(heard.bad);
      EXPECT_EQ(heard.reason, c.reason);
      EXPECT_TRUE(heard.responses.empty());
    }
  }
}

// Sent again, such an event would arrive twice.
TEST(ResponseReader, TakesACompleteHeadForAnAnswerWhateverIsOddAboutIt) {
  const std::string cookie = "Set-Cookie: " + std::string(20'000, 'c') + "\r\n";
  std::string fields;
  for (int i = 0; i < 150; ++i) fields += "X-" + std::to_string(i) + ": b\r\n";
  const struct {
    std::string fields;
    bool close;  // its framing is not safe
  } cases[] = {
      {"X-A: a\r\n b\r\nContent-Length: 0\r\n", false},
      {"Content-Length:\r\n\t0\r\n", false},
      {"Connection: keep-alive,\r\n   close\r\nContent-Length: 0\r\n", true},
      {cookie + "Content-Length: 0\r\n", false},
      {"Content-Length: 0\r\n" + cookie, false},
      {fields + "Content-Length: 0\r\n", false},
      {"Content-Length: 0\r\nContent-Length: 0\r\n", false},
      {"Content-Length: 0, 0\r\n", false},
      {"Content-Length: 0\r\nX-A: \x01\r\n", false},
      {"Content-Length: 0\r\nContent-Length: 5\r\n", true},
      {"Content-Length: 0, 5\r\n", true},
      {"Content-Length: -1\r\n", true},
      {"Content-Length:\r\n", true},
      {"Content-Length: 0\r\nTransfer-Encoding: chunked\r\n", true},
      {"Transfer-Encoding: gzip\r\n", true},
      {"Transfer-Encoding: chunked, chunked\r\n", true},
      {"Content-Length : 0\r\n", true},
      {" folded: 0\r\nContent-Length: 0\r\n", true},
      {"no colon\r\nContent-Length: 0\r\n", true},
      {": no name\r\nContent-Length: 0\r\n", true},
      {"X: a\nContent-Length: 0\r\n", true},
      {"Content-Length: " + std::string(20'000, '0') + "\r\n", true},
      {std::string("X: \0\r\nContent-Length: 0\r\n", 25), true},
  };
  for (const auto& c : cases) {
    for (const unsigned status : {200U, 404U, 503U}) {
      const std::string text =
          "HTTP/1.1 " + std::to_string(status) + " Odd\r\n" + c.fields + "\r\n";
      for (const std::size_t piece : Sizes{1, 7, 1000, 100'000}) {
        SCOPED_TRACE(testing::Message() << text.substr(0, 200) << " in pieces of " << piece);
        const auto heard = hear(text, piece);
        ASSERT_EQ(statuses(heard), Statuses{status});
        EXPECT_EQ(heard.responses[0].close, c.close);
      }
    }
  }
}

TEST(ResponseReader, ReadsOnBehindAnOddHeadWhoseFramingIsSafe) {
  const std::string odd =
      "HTTP/1.1 200 OK\r\nX-A: a\r\n b\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nok";
  const std::string coded =
      "HTTP/1.1 500 Oh\r\nTransfer-Encoding: gzip, chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n";
  const std::string text = odd + odd + coded + odd;
  for (std::size_t piece = 1; piece <= text.size(); ++piece) {
    ASSERT_EQ(statuses(hear(text, piece)), (Statuses{200, 200, 500, 200})) << piece;
  }
}

TEST(ResponseReader, TakesAHeadOfBareLineFeeds) {
  for (const std::size_t piece : Sizes{1, 1000}) {
    const auto heard = hear("HTTP/1.1 202 Accepted\nContent-Length: 0\n\n", piece);
    ASSERT_EQ(statuses(heard), Statuses{202});
    EXPECT_TRUE(heard.responses[0].close);
  }
}

TEST(ResponseReader, BoundsTheHead) {
  const std::string large =
      "HTTP/1.1 200 OK\r\nX: " + std::string(ResponseReader::kMostHead, 'x') + "\r\n\r\n";
  std::string fields = "HTTP/1.1 200 OK\r\n";
  while (fields.size() <= ResponseReader::kMostHead) fields += "aaaaaaaaaaaaaaa: b\r\n";
  for (const std::size_t piece : Sizes{1000, 100'000, 2 << 20}) {
    EXPECT_EQ(hear(large, piece).reason, "head too large");
    EXPECT_EQ(hear(fields + "\r\n", piece).reason, "head too large");
  }
}

TEST(ResponseReader, ReadsPastInterimAnswers) {
  EXPECT_EQ(statuses(hear("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
                          "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")),
            Statuses{200});
  EXPECT_TRUE(hear("HTTP/1.1 100 Continue\r\n\r\n").responses.empty());
}

TEST(ResponseReader, KnowsAnswersThatNeverHaveABody) {
  // RFC 9112 section 6.3: whatever their fields say.
  const auto heard = hear(
      "HTTP/1.1 204 No Content\r\n\r\n"
      "HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n"
      "HTTP/1.1 304 Not Modified\r\nTransfer-Encoding: chunked\r\n\r\n"
      "HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n");
  EXPECT_EQ(statuses(heard), (Statuses{204, 204, 304, 202}));
}

TEST(ResponseReader, ReadsChunkedAnswers) {
  const std::string text =
      "HTTP/1.1 500 Oh\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x\r\nde\r\n0\r\nT: u\r\n"
      "\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
      "HTTP/1.1 201 Created\r\nContent-Length: 1\r\n\r\nx";
  for (std::size_t piece = 1; piece <= text.size(); ++piece) {
    const auto heard = hear(text, piece);
    ASSERT_EQ(statuses(heard), (Statuses{500, 200, 201})) << piece;
    EXPECT_EQ(heard.responses[0].excerpt, "abcde");
    EXPECT_EQ(heard.responses[1].excerpt, "");
  }
}

TEST(ResponseReader, ReadsAChunkedBodyLargerThanItsOwnBuffer) {
  const std::string body(20'000, 'x');
  const std::string text = "HTTP/1.1 500 Oh\r\nTransfer-Encoding: chunked\r\n\r\n4e20\r\n" + body +
                           "\r\n0\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
  const auto heard = hear(text);
  ASSERT_EQ(statuses(heard), (Statuses{500, 200}));
  EXPECT_EQ(heard.responses[0].excerpt, std::string(ResponseReader::kExcerpt, 'x'));
}

TEST(ResponseReader, ReadsABodyThatLastsUntilTheClose) {
  ResponseReader reader;
  std::string_view input = "HTTP/1.1 500 Oh\r\n\r\nsome words";
  EXPECT_EQ(reader.next(input), Step::need_more);
  EXPECT_TRUE(reader.in_message());
  input = " more";
  EXPECT_EQ(reader.next(input), Step::need_more);
  EXPECT_EQ(reader.end(), Step::response);
  EXPECT_EQ(reader.response().status, 500U);
  EXPECT_TRUE(reader.response().close);
  EXPECT_EQ(reader.response().excerpt, "some words more");
  EXPECT_FALSE(reader.in_message());
}

TEST(ResponseReader, GivesASuccessWithItsHeadAndReadsPastItsBody) {
  ResponseReader reader;
  std::string_view input = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab";
  ASSERT_EQ(reader.next(input), Step::response);
  EXPECT_FALSE(reader.in_message());
  EXPECT_EQ(reader.read_past(input), Step::need_more);
  EXPECT_TRUE(input.empty());
  input = "cdeHTTP";
  EXPECT_EQ(reader.read_past(input), Step::need_more);
  EXPECT_EQ(input, "HTTP") << "what follows is left";
}

TEST(ResponseReader, HasGivenASuccessWhoseBodyIsCutOrBroken) {
  for (const char* rest :
       {"Content-Length: 5\r\n\r\nabc", "\r\nabc", "Transfer-Encoding: chunked\r\n\r\n5\r\nabc"}) {
    ResponseReader reader;
    const std::string text = std::string("HTTP/1.1 200 OK\r\n") + rest;
    std::string_view input = text;
    ASSERT_EQ(reader.next(input), Step::response) << rest;
    EXPECT_EQ(reader.next(input), Step::need_more);
    EXPECT_EQ(reader.end(), Step::need_more) << "it is not given twice";
  }
  const auto heard = hear("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx");
  EXPECT_EQ(statuses(heard), Statuses{200});
  EXPECT_EQ(heard.reason, "malformed chunked body");
}

TEST(ResponseReader, JudgesAFailureByItsStatusHoweverItsBodyEnds) {
  for (const char* rest :
       {"Content-Length: 5\r\n\r\nabc", "\r\nabc", "Transfer-Encoding: chunked\r\n\r\n5\r\nabc"}) {
    ResponseReader reader;
    const std::string text = std::string("HTTP/1.1 413 Large\r\n") + rest;
    std::string_view input = text;
    ASSERT_EQ(reader.next(input), Step::need_more) << rest;
    EXPECT_TRUE(reader.in_message());
    ASSERT_EQ(reader.end(), Step::response) << rest;
    EXPECT_EQ(reader.response().status, 413U);
    EXPECT_EQ(reader.response().excerpt, "abc");
    EXPECT_TRUE(reader.response().close);
    EXPECT_FALSE(reader.in_message());
  }
  const auto heard = hear("HTTP/1.1 400 Bad\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nno\r\nx");
  EXPECT_EQ(statuses(heard), Statuses{400});
  EXPECT_TRUE(heard.responses[0].close);
  EXPECT_EQ(heard.responses[0].excerpt, "no");
}

TEST(ResponseReader, RefusesACloseInTheMiddleOfAHead) {
  for (const char* text : {"HTTP/1.1 2", "HTTP/1.1 200 OK", "HTTP/1.1 200 OK\r\n",
                           "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n"}) {
    ResponseReader reader;
    std::string_view input = text;
    ASSERT_EQ(reader.next(input), Step::need_more);
    EXPECT_TRUE(reader.in_message());
    EXPECT_EQ(reader.end(), Step::bad) << text;
    EXPECT_EQ(reader.reason(), "connection closed in the middle of an answer");
  }
}

TEST(ResponseReader, KnowsWhetherTheConnectionGoesOn) {
  const struct {
    const char* head;
    bool close;
  } cases[] = {
      {"HTTP/1.1 200 OK\r\n", false},
      {"HTTP/1.1 200 OK\r\nConnection: close\r\n", true},
      {"HTTP/1.1 200 OK\r\nconnection: x, CLOSE\r\n", true},
      {"HTTP/1.1 200 OK\r\nConnection: keep-alive\r\n", false},
      {"HTTP/1.0 200 OK\r\n", true},
      {"HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\n", false},
      {"HTTP/1.0 200 OK\r\nConnection: close\r\n", true},
      {"HTTP/1.1 200 OK\r\nConnection: close, keep-alive\r\n", true},
  };
  for (const auto& c : cases) {
    const std::string answer = std::string(c.head) + "Content-Length: 0\r\n\r\n";
    const auto heard = hear(answer + answer);  // the second one is known by its head
    ASSERT_EQ(heard.responses.size(), 2U) << c.head;
    EXPECT_EQ(heard.responses[0].close, c.close) << c.head;
    EXPECT_EQ(heard.responses[1].close, c.close) << c.head;
  }
}

TEST(ResponseReader, TakesAHeadItKnowsForWhatItSaid) {
  const std::string plain = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
  const std::string failed = "HTTP/1.1 500 Oh\r\nContent-Length: 3\r\n\r\nbad";
  const std::string chunked =
      "HTTP/1.1 502 Oh\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nno\r\n0\r\n\r\n";
  const std::string wait = "HTTP/1.1 503 Oh\r\nRetry-After: 3\r\nContent-Length: 0\r\n\r\n";
  const std::string interim = "HTTP/1.1 100 Continue\r\n\r\n";
  const std::string text = plain + plain + failed + failed + plain + chunked + chunked + wait +
                           wait + interim + interim + plain + interim + plain;
  for (const std::size_t piece : Sizes{1, 7, 42, 64, text.size()}) {
    SCOPED_TRACE(piece);
    const auto heard = hear(text, piece);
    ASSERT_EQ(statuses(heard), (Statuses{200, 200, 500, 500, 200, 502, 502, 503, 503, 200, 200}));
    EXPECT_EQ(heard.responses[1].excerpt, "");
    EXPECT_EQ(heard.responses[3].excerpt, "bad");
    EXPECT_EQ(heard.responses[4].excerpt, "") << "nothing is left of the one before";
    EXPECT_EQ(heard.responses[6].excerpt, "no");
    EXPECT_EQ(heard.responses[7].retry_after, "3");
    EXPECT_EQ(heard.responses[8].retry_after, "3");
    EXPECT_EQ(heard.responses[9].retry_after, "");
  }
}

TEST(ResponseReader, AHeadThatBeginsLikeAKnownOneIsItsOwn) {
  const auto heard = hear(
      "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
      "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
  ASSERT_EQ(statuses(heard), (Statuses{200, 200}));
  EXPECT_TRUE(heard.responses[1].close);
}

TEST(ResponseReader, ReadsTheSameWhereverTheAnswersAreCut) {
  const std::string text =
      "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nHTTP/HTTP/1.1 200 OK\r\nContent-Length: 5\r\n"
      "\r\n\r\n\r\n\nHTTP/1.1 429 Slow\r\nRetry-After: 1\r\nContent-Length: 2\r\n\r\nno";
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    ResponseReader reader;
    Heard heard;
    hear(reader, std::string_view(text).substr(0, cut), text.size(), heard);
    hear(reader, std::string_view(text).substr(cut), text.size(), heard);
    ASSERT_EQ(statuses(heard), (Statuses{200, 200, 429})) << cut << heard.reason;
    EXPECT_EQ(heard.responses[2].excerpt, "no");
    EXPECT_FALSE(reader.in_message());
  }
}

TEST(ResponseReader, NamesTheCodingOfABodyThatNobodyCanRead) {
  const std::string text =
      "HTTP/1.1 404 Not Found\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\n\x1F\x8Bxx"
      "HTTP/1.1 404 Not Found\r\ncontent-encoding: identity\r\nContent-Length: 4\r\n\r\ngone"
      "HTTP/1.1 404 Not Found\r\ncontent-encoding: identity\r\nContent-Length: 4\r\n\r\nlost"
      "HTTP/1.1 200 OK\r\nContent-Encoding: br\r\nContent-Length: 2\r\n\r\nxx";
  for (const std::size_t piece : Sizes{1, 7, 1 << 20}) {
    const auto heard = hear(text, piece);
    ASSERT_EQ(heard.responses.size(), 4U);
    EXPECT_EQ(heard.responses[0].excerpt, "an answer in the content coding gzip");
    EXPECT_EQ(heard.responses[1].excerpt, "gone");
    EXPECT_EQ(heard.responses[2].excerpt, "lost");
    EXPECT_EQ(heard.responses[3].excerpt, "");
  }
}

TEST(ResponseReader, StartsAfreshAfterReset) {
  for (const char* text : {"HTTP/1.1 2", "HTTP/1.1 200 OK\r\nX: a\r\n",
                           "HTTP/1.1 500 Oh\r\nContent-Length: 50\r\n\r\nabc",
                           "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc"}) {
    ResponseReader reader;
    std::string_view input = text;
    while (reader.next(input) != Step::need_more) {
    }
    reader.reset();
    EXPECT_FALSE(reader.in_message());
    input = "HTTP/1.1 204 No Content\r\n\r\n";
    EXPECT_EQ(reader.next(input), Step::response);
    EXPECT_EQ(reader.response().status, 204U);
  }
}

}  // namespace
}  // namespace gateway::egress
