// The HTTP client over TLS, also through a proxy.
#include <gtest/gtest.h>

#include <cstdlib>
#include <optional>

#include "support/run_task.hpp"
#include "support/scripted_http_server.hpp"
#include "support/tunnel_proxy.hpp"
#include "unit/runtime/http_client_support.hpp"

namespace gateway {
namespace {

using Reason = HttpFailure::Reason;
using test::kPatience;
using test::kShort;
using test::post;
using test::ScriptedHttpServer;

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

}  // namespace
}  // namespace gateway
