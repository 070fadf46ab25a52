#include <gtest/gtest.h>

#include <string>

#include "support/payloads.hpp"
#include "support/running_gateway.hpp"
#include "support/scripted_http_server.hpp"
#include "support/tls_folder.hpp"
#include "support/tunnel_proxy.hpp"
#include "testkit/action.hpp"
#include "testkit/eventually.hpp"

namespace gateway::test {
namespace {

using namespace std::chrono_literals;

ProxyRules by(std::uint16_t port) {
  return ProxyRules(HttpProxy("127.0.0.1", port, Secret(std::string("Basic dTpw"))));
}

bool status_says(const RunningGateway& gateway, const std::string& text) {
  return eventually(
      [&] { return gateway.connect_admin().get("/status").body.find(text) != std::string::npos; });
}

// The eventbus' name is not known here: only the proxy has it looked up.
config::Settings plain_settings(std::uint16_t proxy) {
  config::Settings settings = loopback_settings(proxy);
  settings.target = "http://eventbus.test:8080/in?key=value";
  settings.delivery.proxies = by(proxy);
  return settings;
}

TEST(Proxy, IsHandedEventsForHttpWithTheWholeUrl) {
  ScriptedHttpServer proxy;
  RunningGateway gateway(plain_settings(proxy.port()));
  EXPECT_EQ(gateway.post(cos_payload(3)).status, 200U);
  const auto requests = proxy.requests();
  ASSERT_EQ(requests.size(), 3U);
  EXPECT_EQ(requests[0].target, "http://eventbus.test:8080/in?key=value");
  EXPECT_EQ(requests[0].headers["Host"], "eventbus.test:8080");
  EXPECT_EQ(requests[0].headers["Proxy-Authorization"], "Basic dTpw");
  EXPECT_EQ(requests[0].headers["ce-specversion"], "1.0");
}

TEST(Proxy, ThatWantsAPasswordRefusesNoEventForGood) {
  ScriptedHttpServer proxy;
  for (int i = 0; i < 2; ++i) proxy.next(reply(407, {{"Proxy-Authenticate", "Basic"}}));
  RunningGateway gateway(plain_settings(proxy.port()));
  EXPECT_EQ(gateway.post(cos_payload(1)).status, 200U);
  EXPECT_EQ(proxy.requests().size(), 3U);
}

class ProxyToTls : public testing::Test {
 protected:
  [[nodiscard]] config::Settings settings(std::uint16_t proxy) const {
    config::Settings settings = loopback_settings(proxy);
    settings.target = "https://eventbus.test/in";
    settings.delivery.tls = folder_.client();
    settings.delivery.proxies = by(proxy);
    settings.delivery.deadline = 800ms;
    return settings;
  }
  TlsFolder folder_;
  ScriptedHttpServer bus_{folder_.authority().issue("eventbus.test")};
  TunnelProxy proxy_{bus_.port()};
};

TEST_F(ProxyToTls, EventsGoByATunnel) {
  RunningGateway gateway(settings(proxy_.port()));
  EXPECT_EQ(gateway.post(cos_payload(5)).status, 200U);
  const auto requests = bus_.requests();
  ASSERT_EQ(requests.size(), 5U);
  EXPECT_EQ(requests[0].target, "/in");
  EXPECT_EQ(requests[0].headers["Host"], "eventbus.test");
  EXPECT_FALSE(requests[0].headers.has("Proxy-Authorization"));
  ASSERT_FALSE(proxy_.requests().empty());
  EXPECT_EQ(proxy_.requests()[0],
            "CONNECT eventbus.test:443 HTTP/1.1\r\nHost: eventbus.test:443\r\n"
            "Proxy-Authorization: Basic dTpw\r\n\r\n");
}

TEST_F(ProxyToTls, TheNameInTheCertificateIsTheEventbus) {
  ScriptedHttpServer other(folder_.authority().issue("127.0.0.1"));
  TunnelProxy proxy(other.port());
  RunningGateway gateway(settings(proxy.port()));
  EXPECT_EQ(gateway.post(cos_payload(1)).status, 504U);
  EXPECT_TRUE(other.requests().empty());
  EXPECT_TRUE(status_says(gateway, "hostname mismatch"));
}

TEST_F(ProxyToTls, ItsRefusalIsSaid) {
  proxy_.answer("HTTP/1.1 407 No\r\nProxy-Authenticate: Basic\r\nContent-Length: 0\r\n\r\n");
  RunningGateway gateway(settings(proxy_.port()));
  EXPECT_EQ(gateway.post(cos_payload(1)).status, 504U);
  EXPECT_TRUE(status_says(gateway, "does not take the user and password given (407)"));
  proxy_.answer("HTTP/1.1 200 Connection established\r\n\r\n");
  EXPECT_TRUE(eventually([&] { return gateway.post(cos_payload(1)).status == 200U; }));
}

TEST_F(ProxyToTls, OneThatSaysNothingIsGivenUpInTime) {
  proxy_.answer("");
  config::Settings wanted = settings(proxy_.port());
  wanted.delivery.timeout = 200ms;
  RunningGateway gateway(wanted);
  EXPECT_EQ(gateway.post(cos_payload(1)).status, 504U);
  EXPECT_TRUE(status_says(gateway, "proxy timed out"));
  EXPECT_GT(proxy_.requests().size(), 1U);
}

}  // namespace
}  // namespace gateway::test
