#include "testkit/http_text.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace gateway::test {
namespace {

using testing::ElementsAre;

// Returns the ids of the requests in `text`, given in pieces of that size; "bad" where it is no
// HTTP.
std::vector<std::string> ids(const std::string& text, std::size_t piece,
                             Grammar grammar = Grammar::lenient) {
  MessageReader reader(grammar);
  std::vector<std::string> found;
  std::string bytes;
  try {
    for (std::size_t at = 0; at < text.size(); at += piece) {
      bytes += text.substr(at, piece);
      while (const std::size_t size = reader.take_request(bytes)) {
        found.emplace_back(reader.message().fields["ce-id"]);
        bytes.erase(0, size);
      }
    }
  } catch (const ProtocolError&) {
    found.emplace_back("bad");
  }
  return found;
}

const std::string kThree =
    "POST /gateway/b HTTP/1.1\r\nHost: x\r\nce-id: one\r\nContent-Length: 5\r\n\r\nabcde"
    "POST /gateway/b HTTP/1.1\r\nHost: x\r\nCE-ID:two\r\nTransfer-Encoding: chunked\r\n\r\n"
    "3\r\nabc\r\n0\r\n\r\n"
    "POST / HTTP/1.1\r\nHost: x\r\n\r\n";

TEST(MessageReader, FindsPipelinedRequestsHoweverTheyAreCut) {
  for (std::size_t piece = 1; piece <= kThree.size(); ++piece) {
    EXPECT_THAT(ids(kThree, piece), ElementsAre("one", "two", "")) << piece;
  }
}

TEST(MessageReader, TakesARequestWhenItsBodyHasCome) {
  MessageReader reader(Grammar::lenient);
  const std::string text = "POST / HTTP/1.1\r\nContent-Length: 2\r\n\r\nab";
  EXPECT_EQ(reader.take_request(std::string_view(text).substr(0, text.size() - 1)), 0U);
  EXPECT_EQ(reader.take_request(text), text.size());
  EXPECT_EQ(reader.message().body, "ab");
}

TEST(MessageReader, KnowsWhetherTheClientGoesOn) {
  const std::vector<std::pair<std::string, bool>> rows{
      {"POST / HTTP/1.1\r\n\r\n", true},
      {"POST / HTTP/1.1\r\nConnection: close\r\n\r\n", false},
      {"POST / HTTP/1.0\r\n\r\n", false},
      {"POST / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", true}};
  for (const auto& [text, keep_alive] : rows) {
    MessageReader reader(Grammar::lenient);
    ASSERT_EQ(reader.take_request(text), text.size()) << text;
    EXPECT_EQ(reader.message().keep_alive, keep_alive) << text;
  }
}

TEST(MessageReader, RefusesWhatIsNoHttp) {
  for (const char* text :
       {"hello\r\n\r\n", "POST / HTTP/2\r\n\r\n", "POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n",
        "POST / HTTP/1.1\r\nbroken\r\n\r\n",
        "POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n",
        "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"}) {
    EXPECT_THAT(ids(text, 1000), ElementsAre("bad")) << text;
  }
}

TEST(MessageReader, StrictlyRefusesWhatTheGatewayMustNotWrite) {
  const std::string good =
      "POST /b HTTP/1.1\r\nHost: x\r\nce-id: one\r\nContent-Length: 1\r\n\r\na";
  EXPECT_THAT(ids(good, good.size(), Grammar::strict), ElementsAre("one"));
  const auto with = [&](std::string_view what, std::string_view by) {
    std::string text = good;
    text.replace(text.find(what), what.size(), by);
    return text;
  };
  for (const std::string& text :
       {with("HTTP/1.1", "HTTP/1.0"), with("/b", "b"), with("Host: x\r\n", ""),
        with("Host: x\r\n", "Host: x\r\nHost: x\r\n"), with("Content-Length: 1\r\n", ""),
        with("Content-Length: 1", "Transfer-Encoding: chunked"), with("one", "o\x7fne"),
        with("one", "o\nce"), with("ce-id", "ce id"),
        with("Host: x\r\n", "Host: x\r\n folded\r\n")}) {
    EXPECT_THAT(ids(text, text.size(), Grammar::strict), ElementsAre("bad")) << text;
  }
}

}  // namespace
}  // namespace gateway::test
