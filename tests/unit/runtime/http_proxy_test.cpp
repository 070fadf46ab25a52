#include "runtime/http_proxy.hpp"

#include <gtest/gtest.h>

#include <string>

namespace gateway {
namespace {

using Step = ProxyTunnel::Step;

const HttpProxy kProxy("proxy.corp", 3128);
const HttpProxy kWithPassword("proxy.corp", 3128, Secret(std::string("Basic dTpw")));

ProxyTunnel tunnel(const HttpProxy& proxy = kProxy) {
  return {proxy, "bus.example", 443};
}

TEST(ProxyTunnel, AsksForTheHost) {
  EXPECT_EQ(tunnel().request(),
            "CONNECT bus.example:443 HTTP/1.1\r\nHost: bus.example:443\r\n\r\n");
  EXPECT_EQ(tunnel(kWithPassword).request(),
            "CONNECT bus.example:443 HTTP/1.1\r\nHost: bus.example:443\r\n"
            "Proxy-Authorization: Basic dTpw\r\n\r\n");
  EXPECT_TRUE(ProxyTunnel(kProxy, "fd00::1", 8443)
                  .request()
                  .starts_with("CONNECT [fd00::1]:8443 HTTP/1.1\r\nHost: [fd00::1]:8443\r\n"));
}

TEST(ProxyTunnel, IsOpenAfterAny2xxWhateverItsFields) {
  for (const char* const answer :
       {"HTTP/1.1 200 Connection established\r\n\r\n", "HTTP/1.0 200 OK\r\nVia: x\r\n\r\n",
        "HTTP/1.1 200\r\n\r\n", "HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n",
        "HTTP/1.1 200 OK\n\n", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\n"}) {
    EXPECT_EQ(tunnel().receive(answer), Step::open) << answer;
    ProxyTunnel bytewise = tunnel();
    const std::string text = answer;
    for (std::size_t i = 0; i + 1 < text.size(); ++i) {
      ASSERT_EQ(bytewise.receive(text.substr(i, 1)), Step::need_more) << text.substr(0, i);
    }
    EXPECT_EQ(bytewise.receive(text.substr(text.size() - 1)), Step::open) << answer;
  }
}

std::string refusal(const std::string& answer, const HttpProxy& proxy = kProxy) {
  ProxyTunnel asked = tunnel(proxy);
  EXPECT_EQ(asked.receive(answer), Step::refused) << answer;
  return asked.problem();
}

TEST(ProxyTunnel, SaysWhyThereIsNone) {
  EXPECT_EQ(refusal("HTTP/1.1 407 Proxy Authentication Required\r\n"
                    "Proxy-Authenticate: Basic realm=\"corp\"\r\n\r\n"),
            "the proxy proxy.corp:3128 wants a user and password (407)");
  EXPECT_EQ(refusal("HTTP/1.1 407 No\r\n\r\n", kWithPassword),
            "the proxy proxy.corp:3128 does not take the user and password given (407)");
  EXPECT_EQ(refusal("HTTP/1.0 401 Unauthorized\r\n\r\n", kWithPassword),
            "the proxy proxy.corp:3128 does not take the user and password given (401)");
  EXPECT_EQ(
      refusal("HTTP/1.1 407 No\r\nProxy-Authenticate: Negotiate\r\n"
              "proxy-authenticate: NTLM, Digest realm=\"a, b\", nonce=\"c\"\r\n\r\n"),
      "the proxy proxy.corp:3128 wants Negotiate, NTLM, Digest, and only Basic is spoken here "
      "(407)");
  EXPECT_EQ(refusal("HTTP/1.0 403 Filtered\r\n\r\n<html>"),
            "the proxy proxy.corp:3128 does not allow bus.example:443 (403 Filtered)");
  EXPECT_EQ(refusal("HTTP/1.1 503 Service Unavailable\r\n\r\n"),
            "the proxy proxy.corp:3128 does not reach bus.example:443 (503 Service Unavailable)");
  EXPECT_EQ(refusal("HTTP/1.1 405 \x1b[31m\r\n\r\n"),
            "the proxy proxy.corp:3128 refuses bus.example:443 (405 ?[31m): is it an HTTP proxy?");
  EXPECT_EQ(refusal("HTTP/1.1 301 Moved\r\n\r\n"),
            "the proxy proxy.corp:3128 refuses bus.example:443 (301 Moved)");
}

TEST(ProxyTunnel, RefusesWhatIsNoAnswer) {
  const std::string none = "proxy.corp:3128 does not answer as an HTTP proxy";
  EXPECT_EQ(refusal("SSH-2.0-OpenSSH"), none);
  EXPECT_EQ(refusal("HTTP/2 200\r\n\r\n"), none);
  EXPECT_EQ(refusal("HTTP/1.1 2x0 OK\r\n\r\n"), none);
  EXPECT_EQ(refusal("HTTP/1.1 200 OK\r\nX: " + std::string(20'000, 'x')), none);
  EXPECT_EQ(refusal("HTTP/1.1 200 OK\r\n\r\nhello"),
            "the proxy proxy.corp:3128 sends a body where a tunnel begins");
}

TEST(ProxyTunnel, SaysHowTheConnectionEnded) {
  ProxyTunnel asked = tunnel();
  asked.end("closed by the peer");
  EXPECT_EQ(asked.problem(),
            "the proxy proxy.corp:3128 gave no tunnel to bus.example:443: closed by the peer");
}

}  // namespace
}  // namespace gateway
