// Connections that begin with a PROXY header, which says whose they are.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "support/eventbus_test.hpp"
#include "support/payloads.hpp"
#include "support/tls_folder.hpp"

namespace gateway::test {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using ProxyProtocol = EventbusTest;

TEST_F(ProxyProtocol, TakesPostsBehindAHeaderOfEitherVersion) {
  settings.ingress.proxy_protocol = true;
  const RunningGateway gateway(settings);
  const std::string binary =
      std::string("\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c", 16) + "\xc0\1\2\7\n\1\1\1\1\1\2\2";
  const std::string local = std::string("\r\n\r\n\0\r\nQUIT\n\x20\0\0\0", 16);
  const std::string line = "PROXY TCP4 192.0.2.7 10.0.0.1 12345 8080\r\n";
  for (const std::string& header : {line, binary, local, std::string("PROXY UNKNOWN\r\n")}) {
    HttpClient client = gateway.connect();
    client.send(header + post_text(cos_payload(1)));
    EXPECT_EQ(client.response().status, 200u);
    EXPECT_EQ(client.post(cos_payload(1)).status, 200u) << "one header a connection";
    HttpClient slow = gateway.connect();
    slow.send_bytewise(header);
    EXPECT_EQ(slow.post(cos_payload(1)).status, 200u);
  }
}

TEST_F(ProxyProtocol, ClosesWhatBeginsWithoutAHeader) {
  settings.ingress.proxy_protocol = true;
  settings.ingress.request_timeout = 200ms;
  const RunningGateway gateway(settings);
  for (const std::string& bytes :
       {std::string("\x16\x03\x01 as TLS begins"), std::string("PROXY TCP4 nonsense\r\n"),
        std::string("PROXY TCP4 192.0.2.7"), std::string()}) {
    HttpClient client = gateway.connect();
    client.send(bytes);
    EXPECT_TRUE(client.closed_by_peer()) << bytes;
  }
  EXPECT_EQ(gateway.snapshot().proxy_headers_refused, 4u);
  EXPECT_TRUE(bus.requests().empty());
}

// Whoever takes the way around the balancer, or has one that sends no header, is told what to do.
TEST_F(ProxyProtocol, TellsARequestWithoutAHeaderWhatIsMissing) {
  const TlsFolder folder;
  for (const bool tls : {false, true}) {
    ScriptedEventbus fresh;
    settings = loopback_settings(fresh.port());
    settings.ingress.proxy_protocol = true;
    if (tls) settings.ingress.tls = folder.server();
    const RunningGateway gateway(settings);
    for (const std::string& request :
         {post_text(cos_payload(1)), request_text("GET", "/healthz", ""),
          post_text(std::string(std::size_t{9} << 20, 'x'))}) {
      HttpClient client = gateway.connect();
      client.send(request);
      const auto answer = client.read();
      ASSERT_TRUE(answer) << "the connection was reset";
      EXPECT_EQ(answer->status, 400u);
      EXPECT_THAT(answer->body, HasSubstr("gateway.proxy_protocol"));
      EXPECT_TRUE(client.closed_by_peer());
    }
    EXPECT_EQ(gateway.snapshot().proxy_headers_refused, 3u);
    EXPECT_TRUE(fresh.requests().empty());
  }
}

TEST_F(ProxyProtocol, CountsConnectionsByWhomTheHeaderNames) {
  settings.ingress.proxy_protocol = true;
  settings.ingress.max_per_source = 1;
  const RunningGateway gateway(settings);
  const auto post_from = [&](HttpClient& client, const std::string& address) {
    client.send("PROXY TCP4 " + address + " 10.0.0.1 1 2\r\n" + post_text(cos_payload(1)));
    return client.response().status;
  };
  HttpClient first = gateway.connect();
  HttpClient other = gateway.connect();
  HttpClient again = gateway.connect();
  EXPECT_EQ(post_from(first, "192.0.2.1"), 200u);
  EXPECT_EQ(post_from(other, "192.0.2.2"), 200u) << "both come from the same balancer";
  EXPECT_EQ(post_from(again, "192.0.2.1"), 503u);
  EXPECT_TRUE(again.closed_by_peer());
}

}  // namespace
}  // namespace gateway::test
