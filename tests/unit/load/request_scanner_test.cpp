#include "load/request_scanner.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace gateway::load {
namespace {

using Step = RequestScanner::Step;
using testing::ElementsAre;

// Ids of the requests in `text`, given in pieces of that size; "bad" where it is no HTTP.
std::vector<std::string> ids(const std::string& text, std::size_t piece) {
  RequestScanner scanner;
  std::vector<std::string> found;
  for (std::size_t at = 0; at < text.size(); at += piece) {
    std::string_view input = std::string_view(text).substr(at, piece);
    while (!input.empty()) {
      const Step step = scanner.next(input);
      if (step == Step::need_more) break;
      if (step == Step::bad) {
        found.emplace_back("bad");
        return found;
      }
      found.emplace_back(scanner.request().id);
    }
  }
  return found;
}

const std::string kThree =
    "POST /gateway/b HTTP/1.1\r\nHost: x\r\nce-id: one\r\nContent-Length: 5\r\n\r\nabcde"
    "POST /gateway/b HTTP/1.1\r\nHost: x\r\nCE-ID:two\r\nTransfer-Encoding: chunked\r\n\r\n"
    "3\r\nabc\r\n0\r\n\r\n"
    "POST / HTTP/1.1\r\nHost: x\r\n\r\n";

TEST(RequestScanner, FindsPipelinedRequestsHoweverTheyAreCut) {
  for (std::size_t piece = 1; piece <= kThree.size(); ++piece) {
    EXPECT_THAT(ids(kThree, piece), ElementsAre("one", "two", "")) << piece;
  }
}

TEST(RequestScanner, TellsARequestWhenItsBodyHasCome) {
  RequestScanner scanner;
  std::string_view head = "POST / HTTP/1.1\r\nContent-Length: 2\r\n\r\n";
  EXPECT_EQ(scanner.next(head), Step::need_more);
  std::string_view body = "ab";
  EXPECT_EQ(scanner.next(body), Step::request);
  EXPECT_TRUE(body.empty());
}

TEST(RequestScanner, KnowsWhetherTheClientGoesOn) {
  const std::vector<std::pair<std::string, bool>> rows{
      {"POST / HTTP/1.1\r\n\r\n", false},
      {"POST / HTTP/1.1\r\nConnection: close\r\n\r\n", true},
      {"POST / HTTP/1.0\r\n\r\n", true},
      {"POST / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", false}};
  for (const auto& [text, close] : rows) {
    RequestScanner scanner;
    std::string_view input = text;
    ASSERT_EQ(scanner.next(input), Step::request) << text;
    EXPECT_EQ(scanner.request().close, close) << text;
  }
}

TEST(RequestScanner, RefusesWhatIsNoHttp) {
  for (const char* text :
       {"hello\r\n\r\n", "POST / HTTP/2\r\n\r\n", "POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n",
        "POST / HTTP/1.1\r\nbroken\r\n\r\n",
        "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"}) {
    EXPECT_THAT(ids(text, 1000), ElementsAre("bad")) << text;
  }
}

}  // namespace
}  // namespace gateway::load
