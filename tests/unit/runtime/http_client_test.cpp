#include "runtime/http_client.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <boost/asio/post.hpp>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "support/run_task.hpp"
#include "support/scripted_http_server.hpp"
#include "support/tunnel_proxy.hpp"

namespace gateway {
namespace {

using Reason = HttpFailure::Reason;
using namespace std::chrono_literals;
using test::reply;
using test::ScriptedHttpServer;

constexpr std::chrono::milliseconds kPatience = 10s;
constexpr std::chrono::milliseconds kShort = 50ms;  // where the time is to run out

HttpRequest post(std::string body, bool repeatable = false) {
  HttpRequest request;
  request.headers = {{"Content-Type", "application/json"}, {"X-Extra", "1"}};
  request.body = std::move(body);
  request.repeatable = repeatable;
  return request;
}

class HttpClientTest : public ::testing::Test {
 protected:
  void connect_to(const HttpOrigin& origin, const std::string& ca_file = {}) {
    client_.emplace(context_.get_executor(), origin, ca_file);
  }
  void connect_plain() { connect_to(HttpOrigin(false, "127.0.0.1", server_.port())); }

  HttpResult exchange(HttpRequest request, std::chrono::milliseconds timeout = kPatience) {
    return test::run_task(context_, client_->exchange(std::move(request), timeout));
  }

  asio::io_context context_{1};
  ScriptedHttpServer server_;
  std::optional<HttpClient> client_;
};

TEST_F(HttpClientTest, SendsTheRequestAndReadsTheAnswer) {
  connect_plain();
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
  connect_plain();
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
  connect_plain();
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
  connect_plain();
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
  connect_plain();
  server_.next(test::reply_until_close(404, "not there"));
  const auto followed =
      test::run_task(context_, client_->follow(HttpRequest(), kPatience, kPatience,
                                               [](std::string_view) { ADD_FAILURE(); }));
  ASSERT_TRUE(followed) << followed.error().text();
  EXPECT_EQ(followed->status, 404U);
  EXPECT_EQ(followed->body, "not there");
}

TEST_F(HttpClientTest, FollowsNoLongerThanTheSilenceItIsGiven) {
  connect_plain();
  test::Action endless = reply(200);
  endless.bytes = "HTTP/1.1 200 OK\r\n\r\n";
  server_.next(std::move(endless));
  const auto followed = test::run_task(
      context_, client_->follow(HttpRequest(), kPatience, kShort, [](std::string_view) {}));
  ASSERT_FALSE(followed);
  EXPECT_EQ(followed.error().reason(), Reason::timeout);
}

TEST_F(HttpClientTest, KeepsTheConnection) {
  connect_plain();
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(exchange(post("")));
  EXPECT_EQ(server_.connections(), 1U);
}

TEST_F(HttpClientTest, OpensAnotherAfterTheServerSaysClose) {
  connect_plain();
  server_.next(test::last_reply(200));
  ASSERT_TRUE(exchange(post("")));
  ASSERT_TRUE(exchange(post("")));
  EXPECT_EQ(server_.connections(), 2U);
}

// The end has arrived before the next request: nothing is lost, so even a write goes through.
TEST_F(HttpClientTest, NoticesThatAnIdleConnectionHasEnded) {
  connect_plain();
  server_.next(reply(200).then_close());
  ASSERT_TRUE(exchange(post("")));
  ASSERT_TRUE(server_.wait_for_closed(1));
  ASSERT_TRUE(exchange(post("", false)));
  EXPECT_EQ(server_.connections(), 2U);
}

TEST_F(HttpClientTest, ReplacesADeadConnectionForARequestThatIsRepeatable) {
  connect_plain();
  ASSERT_TRUE(exchange(post("")));
  server_.next(test::reset_unanswered());
  const auto result = exchange(post("again", true));
  ASSERT_TRUE(result) << result.error().text();
  EXPECT_EQ(server_.connections(), 2U);
  EXPECT_EQ(server_.requests().at(2).body, "again");
}

TEST_F(HttpClientTest, DoesNotRepeatWhatMayNotBe) {
  connect_plain();
  ASSERT_TRUE(exchange(post("")));
  server_.next(test::reset_unanswered());
  const auto result = exchange(post("", false));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().reason(), Reason::connection);
  EXPECT_TRUE(result.error().sent());
  EXPECT_EQ(server_.requests().size(), 2U);
}

TEST_F(HttpClientTest, RepeatsOnceOnly) {
  connect_plain();
  ASSERT_TRUE(exchange(post("")));
  server_.next(test::reset_unanswered());
  server_.next(test::reset_unanswered());
  const auto result = exchange(post("", true));
  ASSERT_FALSE(result);
  EXPECT_EQ(server_.requests().size(), 3U);
}

TEST_F(HttpClientTest, DoesNotRepeatOnAFreshConnection) {
  connect_plain();
  server_.next(test::close_unanswered());
  const auto result = exchange(post("", true));
  ASSERT_FALSE(result);
  EXPECT_TRUE(result.error().sent());
  EXPECT_EQ(server_.requests().size(), 1U);
}

TEST_F(HttpClientTest, DoesNotRepeatOnceAnAnswerHasBegun) {
  connect_plain();
  ASSERT_TRUE(exchange(post("")));
  server_.next(test::half_status_line());
  const auto result = exchange(post("", true));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().reason(), Reason::connection);
  EXPECT_EQ(server_.requests().size(), 2U);
}

TEST_F(HttpClientTest, SaysWhenTheAnswerEndsEarly) {
  connect_plain();
  auto half = reply(200, {}, "0123456789");
  half.bytes.resize(half.bytes.size() - 5);
  server_.next(half.then_close());
  const auto result = exchange(post(""));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().reason(), Reason::connection);
  EXPECT_NE(result.error().text().find("within the answer"), std::string::npos);
}

TEST_F(HttpClientTest, RefusesWhatIsNoHttp) {
  connect_plain();
  server_.next(test::garbage());
  const auto result = exchange(post(""));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().reason(), Reason::answer);
  EXPECT_TRUE(result.error().sent());
  ASSERT_TRUE(exchange(post("")));
  EXPECT_EQ(server_.connections(), 2U);
}

TEST_F(HttpClientTest, RefusesAnswersThatAreTooLarge) {
  connect_plain();
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
  connect_plain();
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
  connect_plain();
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

class HttpClientTlsTest : public ::testing::Test {
 protected:
  HttpResult exchange_with(const ScriptedHttpServer& server, const std::string& host,
                           const std::string& ca_file,
                           std::chrono::milliseconds timeout = kPatience) {
    client_.emplace(context_.get_executor(), HttpOrigin(true, host, server.port()), ca_file);
    return again(timeout);
  }
  HttpResult again(std::chrono::milliseconds timeout = kPatience) {
    return test::run_task(context_, client_->exchange(post("{}"), timeout));
  }

  asio::io_context context_{1};
  test::CertificateAuthority authority_;
  std::optional<HttpClient> client_;
};

TEST_F(HttpClientTlsTest, SpeaksTlsAndKeepsTheConnection) {
  ScriptedHttpServer server(authority_.issue("localhost"));
  const auto result = exchange_with(server, "localhost", authority_.file());
  ASSERT_TRUE(result) << result.error().text();
  ASSERT_TRUE(again());
  EXPECT_EQ(server.connections(), 1U);
  EXPECT_EQ(server.requests().at(1).headers["Host"], "localhost:" + std::to_string(server.port()));
}

class HttpClientProxyTest : public HttpClientTlsTest {
 protected:
  HttpResult exchange_by(const test::TunnelProxy& by, const std::string& host,
                         std::chrono::milliseconds timeout = kPatience) {
    HttpOrigin origin(true, host, 443);
    const HttpProxy proxy("127.0.0.1", by.port(), Secret(std::string("Basic dTpw")));
    origin.go_by(&proxy);
    client_.emplace(context_.get_executor(), origin, authority_.file());
    return again(timeout);
  }
};

TEST_F(HttpClientProxyTest, SpeaksTlsWithTheHostBehindIt) {
  ScriptedHttpServer server(authority_.issue("service.example"));
  const test::TunnelProxy proxy(server.port());
  const auto result = exchange_by(proxy, "service.example");
  ASSERT_TRUE(result) << result.error().text();
  ASSERT_TRUE(again());
  EXPECT_EQ(server.connections(), 1U);
  EXPECT_EQ(server.requests().at(0).target, "/");
  EXPECT_FALSE(server.requests().at(0).headers.has("Proxy-Authorization"));
  ASSERT_EQ(proxy.requests().size(), 1U);
  EXPECT_EQ(proxy.requests()[0],
            "CONNECT service.example:443 HTTP/1.1\r\nHost: service.example:443\r\n"
            "Proxy-Authorization: Basic dTpw\r\n\r\n");
  const auto other = exchange_by(proxy, "other.example");
  ASSERT_FALSE(other) << "the name in the certificate is the host's, not the proxy's";
}

TEST_F(HttpClientProxyTest, SaysWhatTheProxySays) {
  ScriptedHttpServer server(authority_.issue("service.example"));
  test::TunnelProxy proxy(server.port());
  proxy.answer("HTTP/1.1 407 No\r\nProxy-Authenticate: Basic\r\nContent-Length: 0\r\n\r\n");
  auto result = exchange_by(proxy, "service.example");
  ASSERT_FALSE(result);
  EXPECT_FALSE(result.error().sent());
  EXPECT_NE(result.error().text().find("does not take the user and password given (407)"),
            std::string::npos)
      << result.error().text();
  proxy.answer("");
  result = exchange_by(proxy, "service.example", kShort);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().reason(), Reason::timeout);
}

TEST_F(HttpClientTlsTest, VerifiesAddresses) {
  ScriptedHttpServer server(authority_.issue("127.0.0.1"));
  EXPECT_TRUE(exchange_with(server, "127.0.0.1", authority_.file()));
}

TEST_F(HttpClientTlsTest, RefusesACertificateOfAnotherHost) {
  ScriptedHttpServer server(authority_.issue("scf.example"));
  const auto result = exchange_with(server, "localhost", authority_.file());
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().reason(), Reason::connection);
  EXPECT_FALSE(result.error().sent());
  EXPECT_NE(result.error().text().find("certificate of localhost"), std::string::npos)
      << result.error().text();
  EXPECT_TRUE(server.requests().empty());
}

TEST_F(HttpClientTlsTest, RefusesAnUnknownAuthority) {
  ScriptedHttpServer server(authority_.issue("localhost"));
  const auto result = exchange_with(server, "localhost", {});
  ASSERT_FALSE(result);
  EXPECT_FALSE(result.error().sent());
  EXPECT_NE(result.error().text().find("certificate of localhost is not accepted"),
            std::string::npos)
      << result.error().text();
}

TEST_F(HttpClientTlsTest, TrustsTheSystemsAuthorities) {
  ScriptedHttpServer server(authority_.issue("localhost"));
  // NOLINTBEGIN(concurrency-mt-unsafe): no other thread reads the environment
  ::setenv("SSL_CERT_FILE", authority_.file().c_str(), 1);
  const auto result = exchange_with(server, "localhost", {});
  ::unsetenv("SSL_CERT_FILE");
  // NOLINTEND(concurrency-mt-unsafe)
  EXPECT_TRUE(result) << result.error().text();
}

TEST_F(HttpClientTlsTest, SaysWhenTheAuthoritiesCannotBeRead) {
  ScriptedHttpServer server(authority_.issue("localhost"));
  const auto result = exchange_with(server, "localhost", "/no/such/file");
  ASSERT_FALSE(result);
  EXPECT_NE(result.error().text().find("TLS cannot be set up"), std::string::npos);
}

TEST_F(HttpClientTlsTest, GivesUpAHandshakeThatNobodyAnswers) {
  std::uint16_t port = 0;
  const test::Socket listener = test::bind_loopback(port);
  ASSERT_EQ(::listen(listener.fd(), 8), 0);
  client_.emplace(context_.get_executor(), HttpOrigin(true, "127.0.0.1", port), "");
  const auto result = again(kShort);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().reason(), Reason::timeout);
  EXPECT_FALSE(result.error().sent());
}

TEST_F(HttpClientTlsTest, GivesUpOnAServerWithoutTls) {
  ScriptedHttpServer server;
  const auto result = exchange_with(server, "127.0.0.1", authority_.file());
  ASSERT_FALSE(result);
  EXPECT_FALSE(result.error().sent());
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
