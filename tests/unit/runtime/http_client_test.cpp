#include "runtime/http_client.hpp"

#include <gtest/gtest.h>

#include <boost/asio/post.hpp>
#include <optional>
#include <string_view>

#include "support/run_task.hpp"
#include "support/scripted_http_server.hpp"
#include "unit/runtime/http_client_support.hpp"

namespace gateway {
namespace {

using Reason = HttpFailure::Reason;
using test::kPatience;
using test::kShort;
using test::post;
using test::reply;
using test::ScriptedHttpServer;

class HttpClientTest : public ::testing::Test {
 protected:
  HttpClientTest() { connect_to(HttpOrigin(false, "127.0.0.1", server_.port())); }
  void connect_to(const HttpOrigin& origin, const std::string& ca_file = {}) {
    client_.emplace(context_.get_executor(), origin, ca_file);
  }

  HttpResult exchange(HttpRequest request, std::chrono::milliseconds timeout = kPatience) {
    return test::run_task(context_, client_->exchange(std::move(request), timeout));
  }

  asio::io_context context_{1};
  ScriptedHttpServer server_;
  std::optional<HttpClient> client_;
};

TEST_F(HttpClientTest, SendsTheRequestAndReadsTheAnswer) {
  server_.next(reply(201, {{"Date", "Sun, 06 Nov 1994 08:49:37 GMT"}}, "done"));
  const auto result = exchange(post("{}"));
  ASSERT_TRUE(result) << result.error().text();
  EXPECT_EQ(result->status, 201U);
  EXPECT_EQ(result->date, "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(result->body, "done");

  const auto request = server_.requests().at(0);
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.target, "/");
  EXPECT_EQ(request.body, "{}");
  EXPECT_EQ(request.headers["Host"], "127.0.0.1:" + std::to_string(server_.port()));
  EXPECT_EQ(request.headers["Content-Type"], "application/json");
  EXPECT_EQ(request.headers["X-Extra"], "1");
  EXPECT_EQ(request.headers["Accept-Encoding"], "identity");
}

TEST_F(HttpClientTest, SaysWhichCodingMakesAnAnswerUnreadable) {
  server_.next(reply(200, {{"Content-Encoding", "gzip"}}, "\x1F\x8B"));
  const auto coded = exchange(post("{}"));
  ASSERT_FALSE(coded);
  EXPECT_EQ(coded.error().reason(), Reason::answer);
  EXPECT_NE(coded.error().text().find("content coding gzip"), std::string::npos);

  server_.next(reply(200, {{"Content-Encoding", "Identity"}}, "done"));
  const auto plain = exchange(post("{}"));
  ASSERT_TRUE(plain) << plain.error().text();
  EXPECT_EQ(plain->body, "done");
}

TEST_F(HttpClientTest, NamesTheAuthorityItIsGiven) {
  connect_to(HttpOrigin(false, "127.0.0.1", server_.port(), "scf.example"));
  ASSERT_TRUE(exchange(post("")));
  EXPECT_EQ(server_.requests().at(0).headers["Host"], "scf.example");
}

TEST_F(HttpClientTest, ReadsChunkedBodiesInterimAnswersAndBodiesUpToTheEnd) {
  server_.next(test::chunked_reply(200, "in pieces"));
  server_.next(test::reply_after_interim(204));
  server_.next(test::reply_until_close(200, "all there is"));
  auto result = exchange(post(""));
  ASSERT_TRUE(result);
  EXPECT_EQ(result->body, "in pieces");
  result = exchange(post(""));
  ASSERT_TRUE(result);
  EXPECT_EQ(result->status, 204U);
  result = exchange(post(""));
  ASSERT_TRUE(result);
  EXPECT_EQ(result->body, "all there is");
  EXPECT_EQ(server_.connections(), 1U);
}

TEST_F(HttpClientTest, FollowsABodyUntilTheServerEndsIt) {
  server_.next(test::reply_until_close(200, "all there is"));
  std::string body;
  const auto followed =
      test::run_task(context_, client_->follow(HttpRequest(), kPatience, kPatience,
                                               [&](std::string_view bytes) { body += bytes; }));
  ASSERT_TRUE(followed) << followed.error().text();
  EXPECT_EQ(followed->status, 200U);
  EXPECT_EQ(body, "all there is");
}

TEST_F(HttpClientTest, FollowsNothingButA200) {
  server_.next(test::reply_until_close(404, "not there"));
  const auto followed =
      test::run_task(context_, client_->follow(HttpRequest(), kPatience, kPatience,
                                               [](std::string_view) { ADD_FAILURE(); }));
  ASSERT_TRUE(followed) << followed.error().text();
  EXPECT_EQ(followed->status, 404U);
  EXPECT_EQ(followed->body, "not there");
}

TEST_F(HttpClientTest, FollowsNoLongerThanTheSilenceItIsGiven) {
  test::Action endless = reply(200);
  endless.bytes = "HTTP/1.1 200 OK\r\n\r\n";
  server_.next(std::move(endless));
  const auto followed = test::run_task(
      context_, client_->follow(HttpRequest(), kPatience, kShort, [](std::string_view) {}));
  ASSERT_FALSE(followed);
  EXPECT_EQ(followed.error().reason(), Reason::timeout);
}

TEST_F(HttpClientTest, KeepsTheConnection) {
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(exchange(post("")));
  EXPECT_EQ(server_.connections(), 1U);
}

TEST_F(HttpClientTest, OpensAnotherAfterTheServerSaysClose) {
  server_.next(test::last_reply(200));
  ASSERT_TRUE(exchange(post("")));
  ASSERT_TRUE(exchange(post("")));
  EXPECT_EQ(server_.connections(), 2U);
}

// The end has arrived before the next request: nothing is lost, so even a write goes through.
TEST_F(HttpClientTest, NoticesThatAnIdleConnectionHasEnded) {
  server_.next(reply(200).then_close());
  ASSERT_TRUE(exchange(post("")));
  ASSERT_TRUE(server_.wait_for_closed(1));
  ASSERT_TRUE(exchange(post("", false)));
  EXPECT_EQ(server_.connections(), 2U);
}

TEST_F(HttpClientTest, ReplacesADeadConnectionForARequestThatIsRepeatable) {
  ASSERT_TRUE(exchange(post("")));
  server_.next(test::reset_unanswered());
  const auto result = exchange(post("again", true));
  ASSERT_TRUE(result) << result.error().text();
  EXPECT_EQ(server_.connections(), 2U);
  EXPECT_EQ(server_.requests().at(2).body, "again");
}

TEST_F(HttpClientTest, DoesNotRepeatWhatMayNotBe) {
  ASSERT_TRUE(exchange(post("")));
  server_.next(test::reset_unanswered());
  const auto result = exchange(post("", false));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().reason(), Reason::connection);
  EXPECT_TRUE(result.error().sent());
  EXPECT_EQ(server_.requests().size(), 2U);
}

TEST_F(HttpClientTest, RepeatsOnceOnly) {
  ASSERT_TRUE(exchange(post("")));
  server_.next(test::reset_unanswered());
  server_.next(test::reset_unanswered());
  const auto result = exchange(post("", true));
  ASSERT_FALSE(result);
  EXPECT_EQ(server_.requests().size(), 3U);
}

TEST_F(HttpClientTest, DoesNotRepeatOnAFreshConnection) {
  server_.next(test::close_unanswered());
  const auto result = exchange(post("", true));
  ASSERT_FALSE(result);
  EXPECT_TRUE(result.error().sent());
  EXPECT_EQ(server_.requests().size(), 1U);
}

TEST_F(HttpClientTest, DoesNotRepeatOnceAnAnswerHasBegun) {
  ASSERT_TRUE(exchange(post("")));
  server_.next(test::half_status_line());
  const auto result = exchange(post("", true));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().reason(), Reason::connection);
  EXPECT_EQ(server_.requests().size(), 2U);
}

TEST_F(HttpClientTest, SaysWhenTheAnswerEndsEarly) {
  auto half = reply(200, {}, "0123456789");
  half.bytes.resize(half.bytes.size() - 5);
  server_.next(half.then_close());
  const auto result = exchange(post(""));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().reason(), Reason::connection);
  EXPECT_NE(result.error().text().find("within the answer"), std::string::npos);
}

TEST_F(HttpClientTest, RefusesWhatIsNoHttp) {
  server_.next(test::garbage());
  const auto result = exchange(post(""));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().reason(), Reason::answer);
  EXPECT_TRUE(result.error().sent());
  ASSERT_TRUE(exchange(post("")));
  EXPECT_EQ(server_.connections(), 2U);
}

TEST_F(HttpClientTest, RefusesAnswersThatAreTooLarge) {
  server_.next(reply(200, {}, std::string(HttpClient::kMostAnswer, 'x')));
  server_.next(reply(200, {}, std::string(HttpClient::kMostAnswer + 1, 'x')));
  const auto largest = exchange(post(""));
  ASSERT_TRUE(largest);
  EXPECT_EQ(largest->body.size(), HttpClient::kMostAnswer);
  const auto result = exchange(post(""));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().reason(), Reason::answer);
}

TEST_F(HttpClientTest, WaitsForAnAnswerUntilTheTimeIsUp) {
  server_.next(test::never_answer());
  const auto result = exchange(post(""), kShort);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().reason(), Reason::timeout);
  EXPECT_TRUE(result.error().sent());
  ASSERT_TRUE(exchange(post("")));
  EXPECT_EQ(server_.connections(), 2U);
}

TEST_F(HttpClientTest, KnowsThatNothingWasSentWithoutAConnection) {
  connect_to(HttpOrigin(false, "127.0.0.1", test::free_port()));
  const auto result = exchange(post(""));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().reason(), Reason::connection);
  EXPECT_FALSE(result.error().sent());
  EXPECT_NE(result.error().text().find("connect to 127.0.0.1:"), std::string::npos);
}

TEST_F(HttpClientTest, NamesAHostThatIsNotFound) {
  connect_to(HttpOrigin(false, "no..such..host", 80));
  const auto result = exchange(post(""));
  ASSERT_FALSE(result);
  EXPECT_FALSE(result.error().sent());
  EXPECT_NE(result.error().text().find("no..such..host"), std::string::npos);
}

TEST_F(HttpClientTest, EndsWhenItIsCancelled) {
  server_.script([this](const test::ReceivedRequest&) {
    asio::post(context_, [this] { client_->cancel(); });
    return test::never_answer();
  });
  const auto result = exchange(post("", true));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().reason(), Reason::cancelled);
  const auto later = exchange(post("", true));
  ASSERT_FALSE(later);
  EXPECT_EQ(later.error().reason(), Reason::cancelled);
  EXPECT_EQ(server_.requests().size(), 1U);
}

TEST_F(HttpClientTest, HandsAProxyTheWholeUrl) {
  HttpOrigin origin(false, "service.example", 8080);
  const HttpProxy proxy("127.0.0.1", server_.port(), Secret(std::string("Basic dTpw")));
  origin.go_by(&proxy);
  connect_to(origin);
  const auto result = exchange(post("{}"));
  ASSERT_TRUE(result) << result.error().text();
  const auto request = server_.requests().at(0);
  EXPECT_EQ(request.target, "http://service.example:8080/");
  EXPECT_EQ(request.headers["Host"], "service.example:8080");
  EXPECT_EQ(request.headers["Proxy-Authorization"], "Basic dTpw");
}

TEST(HttpOrigin, NamesThePortWhereItIsNotTheUsualOne) {
  EXPECT_EQ(HttpOrigin(true, "h", 443).authority(), "h");
  EXPECT_EQ(HttpOrigin(true, "h", 80).authority(), "h:80");
  EXPECT_EQ(HttpOrigin(false, "h", 80).authority(), "h");
  EXPECT_EQ(HttpOrigin(false, "::1", 81).authority(), "[::1]:81");
  EXPECT_EQ(HttpOrigin(false, "::1", 81, "given").authority(), "given");
}

}  // namespace
}  // namespace gateway
