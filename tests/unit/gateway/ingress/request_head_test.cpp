// What is known of a request by its head.
#include <gtest/gtest.h>

#include <cstddef>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#include "requests.hpp"

namespace gateway::ingress {
namespace {

using Sizes = std::initializer_list<std::size_t>;

class RequestHeadTest : public testing::Test {
 protected:
  // A member of the head of each request is as its row says.
  template <class Value, std::size_t kRows>
  void expect(Value RequestHead::* member, const std::pair<std::string_view, Value> (&rows)[kRows],
              std::string (*request)(std::string_view)) {
    for (const auto& [text, value] : rows) {
      Feed feed(pool_);
      ASSERT_TRUE(feed.give(request(text))) << text;
      EXPECT_EQ(feed.heads.at(0).*member, value) << text;
      for (const Request& whole : feed.requests) EXPECT_EQ(whole.head.*member, value) << text;
    }
  }
  BufferPool pool_;
};

TEST_F(RequestHeadTest, TellsOfAContentCoding) {
  const std::pair<std::string_view, bool> rows[] = {
      {"", false},
      {"Content-Encoding:\r\n", false},
      {"Content-Encoding: identity\r\n", false},
      {"content-encoding: Identity, ,IDENTITY\r\n", false},
      {"Content-Encoding: ,\r\n", false},
      {"Content-Encoding: gzip\r\n", true},
      {"CONTENT-ENCODING: GZIP\r\n", true},
      {"Content-Encoding: x-gzip\r\n", true},
      {"Content-Encoding: deflate, identity\r\n", true},
      {"Content-Encoding: identity,br\r\n", true},
      {"Content-Encoding: identity\r\nContent-Encoding: zstd\r\n", true},
      {"Content-Encoding: aes128gcm\r\nContent-Encoding: identity\r\n", true},
      {"Content-Encoding: identity;q=1\r\n", true},
      {"Content-Encoding: \"identity\"\r\n", true},
  };
  expect(&RequestHead::content_coded, rows,
         [](std::string_view fields) { return post_of("x", fields); });
  Feed feed(pool_);
  ASSERT_TRUE(feed.give(post_of("x", "Content-Encoding: gzip\r\n") + post_of("x")));
  EXPECT_FALSE(feed.heads.at(1).content_coded) << "of each request by itself";
}

TEST_F(RequestHeadTest, TwoContentTypesMustBeTheSame) {
  for (const char* second : {"a/c", "A/b", "a/b;c=d", ""}) {
    Feed feed(pool_);
    EXPECT_FALSE(feed.give(post_of(
        "x", "Content-Type: a/b\r\nX: y\r\ncontent-type: " + std::string(second) + "\r\n")));
    EXPECT_EQ(feed.status(), 400U) << second;
  }
  Feed feed(pool_);
  EXPECT_TRUE(feed.give(post_of("x", "Content-Type: a/b\r\nContent-Type:  a/b \r\n")));
}

TEST_F(RequestHeadTest, KnowsHowAConnectionGoesOn) {
  const std::pair<std::string_view, bool> cases[] = {
      {"POST / HTTP/1.1\r\nHost: h\r\n\r\n", true},
      {"POST / HTTP/1.1\r\nHost: h\r\nConnection: keep-alive\r\n\r\n", true},
      {"POST / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", false},
      {"POST / HTTP/1.1\r\nHost: h\r\nConnection: TE , Close\r\n\r\n", false},
      {"POST / HTTP/1.1\r\nHost: h\r\nConnection: closed\r\n\r\n", true},
      {"POST / HTTP/1.0\r\nHost: h\r\n\r\n", false},
      {"POST / HTTP/1.0\r\n\r\n", false},
  };
  expect(&RequestHead::keep_alive, cases, [](std::string_view head) { return std::string(head); });
}

TEST_F(RequestHeadTest, KnowsWhoWaitsForContinue) {
  const std::pair<std::string_view, bool> cases[] = {
      {"POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n", true},
      {"POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-Continue\r\nContent-Length: 5\r\n\r\n", true},
      {"POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n",
       true},
      {"POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 0\r\n\r\n", false},
      {"POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\n\r\n", false},
      {"POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n", false},
      {"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\n", false},
  };
  expect(&RequestHead::expects_continue, cases,
         [](std::string_view head) { return std::string(head); });
}

TEST_F(RequestHeadTest, KnowsWhoAsksForHealth) {
  const std::pair<std::string_view, bool> cases[] = {
      {"GET /healthz", true},   {"HEAD /healthz", true},     {"GET /healthz?probe=1", true},
      {"POST /healthz", false}, {"OPTIONS /healthz", false}, {"GET /healthz/", false},
      {"GET /", false},         {"GET /x?/healthz", false},  {"GET /healthzz", false},
  };
  expect(&RequestHead::asks_for_health, cases,
         [](std::string_view line) { return std::string(line) + " HTTP/1.1\r\nHost: h\r\n\r\n"; });
}

TEST_F(RequestHeadTest, KnowsTheMethod) {
  const std::pair<std::string_view, Method> cases[] = {
      {"POST", Method::post},  {"OPTIONS", Method::options}, {"GET", Method::get},
      {"post", Method::other}, {"PATCH", Method::other},     {"M-SEARCH", Method::other},
      {"HEAD", Method::head},  {"get", Method::other},
  };
  expect(&RequestHead::method, cases, [](std::string_view method) {
    return std::string(method) + " /a?b=c HTTP/1.1\r\nHost: h\r\n\r\n";
  });
}

TEST_F(RequestHeadTest, KnowsWhatABodyIs) {
  const std::pair<std::string_view, BodyKind> cases[] = {
      {"", BodyKind::records},
      {"Content-Type: application/json\r\n", BodyKind::records},
      {"Content-Type: text/plain\r\n", BodyKind::records},
      {"ce-id: 1\r\n", BodyKind::records},
      {"ce-specversion: 1.0\r\n", BodyKind::binary_event},
      {"CE-SpecVersion: 1.0\r\nContent-Type: application/json\r\n", BodyKind::binary_event},
      {"Content-Type: application/cloudevents+json\r\n", BodyKind::structured_event},
      {"Content-Type: Application/CloudEvents+JSON ; charset=utf-8\r\n",
       BodyKind::structured_event},
      {"Content-Type: application/cloudevents+json\r\nce-specversion: 1.0\r\n",
       BodyKind::structured_event},
      {"Content-Type: application/cloudevents-batch+json;a=b\r\n", BodyKind::event_batch},
      {"ce-specversion: 1.0\r\nContent-Type: application/cloudevents-batch+json\r\n",
       BodyKind::event_batch},
      {"Content-Type: application/cloudevents+jsonx\r\n", BodyKind::records},
      {"Content-Type: application/cloudevents+avro\r\n", BodyKind::records},
  };
  expect(&RequestHead::kind, cases, [](std::string_view fields) { return post_of("x", fields); });
}

TEST_F(RequestHeadTest, KeepsTheFieldsOfAnEvent) {
  const std::string request =
      post_of("body",
              "CE-SpecVersion: 1.0\r\nX: y\r\nCe-ID:  A%20b \r\nce-: none\r\nceid: no\r\n"
              "WebHook-Request-Origin: example.com\r\nce-empty:\r\n");
  for (const std::size_t piece : Sizes{1, 1000}) {
    SCOPED_TRACE(piece);
    Feed feed(pool_);
    ASSERT_TRUE(feed.give_in_pieces(request + request, piece));
    ASSERT_EQ(feed.requests.size(), 2U);
    for (const Request& read : feed.requests) {
      std::vector<std::string> fields;
      for (const auto& stretch : read.event_fields) fields.push_back(text(stretch, read));
      EXPECT_EQ(fields, (std::vector<std::string>{"ce-specversion", "1.0", "ce-id", "A%20b",
                                                  "ce-empty", ""}));
      EXPECT_EQ(text(read.webhook_origin, read), "example.com");
    }
  }
}

TEST_F(RequestHeadTest, ForgetsTheFieldsOfTheRequestBefore) {
  Feed feed(pool_);
  ASSERT_TRUE(feed.give(post_of("a",
                                "ce-specversion: 1.0\r\nContent-Type: x/y\r\n"
                                "WebHook-Request-Origin: o\r\nConnection: x\r\n") +
                        post_of("b")));
  const Request& second = feed.requests.at(1);
  EXPECT_EQ(second.head.kind, BodyKind::records);
  EXPECT_TRUE(second.event_fields.empty());
  EXPECT_EQ(second.content_type.length, 0U);
  EXPECT_EQ(second.webhook_origin.length, 0U);
}

}  // namespace
}  // namespace gateway::ingress
