#include "gateway/config/endpoint.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>
#include <string>

namespace gateway::config {
namespace {

struct UrlCase {
  std::string target;
  std::string eventbus;
  bool tls;
  std::string host;
  std::uint16_t port;
  std::string host_header;
  std::string request_target;
};

TEST(Endpoint, IsMadeOfTargetAndEventbus) {
  const UrlCase cases[] = {
      {"bus:8080", "orders", false, "bus", 8080, "bus:8080", "/gateway/orders"},
      {"bus", "orders", false, "bus", 80, "bus", "/gateway/orders"},
      {"bus:80", "orders", false, "bus", 80, "bus", "/gateway/orders"},
      {"35.87.170.130:8080", "o", false, "35.87.170.130", 8080, "35.87.170.130:8080", "/gateway/o"},
      {"x.x.x.x:8080", "o", false, "x.x.x.x", 8080, "x.x.x.x:8080", "/gateway/o"},
      {"[::1]:8080", "o", false, "::1", 8080, "[::1]:8080", "/gateway/o"},
      {"[2001:db8::1]", "o", false, "2001:db8::1", 80, "[2001:db8::1]", "/gateway/o"},
      {"http://bus", "o", false, "bus", 80, "bus", "/gateway/o"},
      {"https://bus", "o", true, "bus", 443, "bus", "/gateway/o"},
      {"HTTPS://bus:443", "o", true, "bus", 443, "bus", "/gateway/o"},
      {"https://bus:80", "o", true, "bus", 80, "bus:80", "/gateway/o"},
      // Of all spellings of a host one is used; the path stays as it is.
      {"HTTP://LocalHost:8080/In", "", false, "localhost", 8080, "localhost:8080", "/In"},
      {"BUS:080", "o", false, "bus", 80, "bus", "/gateway/o"},
      {"https://[0:0:0:0:0:0:0:1]:443/", "", true, "::1", 443, "[::1]", "/"},
      {"[2001:DB8:0::0:1]:8080", "o", false, "2001:db8::1", 8080, "[2001:db8::1]:8080",
       "/gateway/o"},
      {"bus.example.com.", "o", false, "bus.example.com.", 80, "bus.example.com.", "/gateway/o"},
      {"http://bus:/", "", false, "bus", 80, "bus", "/"},
      {"https://[::1]:8443/in", "", true, "::1", 8443, "[::1]:8443", "/in"},
      // "/" is a path: events go there.
      {"http://bus/", "o", false, "bus", 80, "bus", "/"},
      {"bus:8080/in/box", "", false, "bus", 8080, "bus:8080", "/in/box"},
      {"bus/{eventbus}", "o", false, "bus", 80, "bus", "/o"},
      {"http://bus/a/{eventbus}/b/{eventbus}?bus={eventbus}", "o", false, "bus", 80, "bus",
       "/a/o/b/o?bus=o"},
      {"http://bus?key=v", "o", false, "bus", 80, "bus", "/gateway/o?key=v"},
      {"http://bus/?key=v", "o", false, "bus", 80, "bus", "/?key=v"},
      {"http://bus/a%20b?c=%2F", "", false, "bus", 80, "bus", "/a%20b?c=%2F"},
      {"bus", "a b/c?d#e%f", false, "bus", 80, "bus", "/gateway/a%20b%2Fc%3Fd%23e%25f"},
      {"bus/{eventbus}", "\xE8\xAE\xA2\xE5\x8D\x95", false, "bus", 80, "bus",
       "/%E8%AE%A2%E5%8D%95"},
      {"my_bus.default.svc", "o", false, "my_bus.default.svc", 80, "my_bus.default.svc",
       "/gateway/o"},
  };
  for (const auto& expected : cases) {
    const auto endpoint = parse_endpoint(expected.target, expected.eventbus, Profile::generic);
    ASSERT_TRUE(endpoint.has_value()) << expected.target << ": " << endpoint.error().message();
    EXPECT_EQ(endpoint->tls, expected.tls) << expected.target;
    EXPECT_EQ(endpoint->host, expected.host) << expected.target;
    EXPECT_EQ(endpoint->port, expected.port) << expected.target;
    EXPECT_EQ(endpoint->host_header, expected.host_header) << expected.target;
    EXPECT_EQ(endpoint->request_target, expected.request_target) << expected.target;
  }
}

TEST(Endpoint, SaysWhyATargetIsNone) {
  using Reason = BadAddress::Reason;
  struct Bad {
    const char* target;
    const char* eventbus;
    Reason reason;
  };
  const Bad cases[] = {
      {"", "o", Reason::host},
      {"::1:8080", "o", Reason::syntax},
      {"bus:port", "o", Reason::syntax},
      {"bus :80", "o", Reason::syntax},
      {"bus/a b", "o", Reason::syntax},
      {"bus/{bus}", "o", Reason::syntax},
      {"{eventbus}:80", "o", Reason::syntax},
      {"bus/%zz", "o", Reason::syntax},
      {"http://", "o", Reason::host},
      {"http:///path", "o", Reason::host},
      {"bus:0", "o", Reason::port},
      {"bus:65536", "o", Reason::port},
      {"http://host:99999/", "o", Reason::port},
      {"https://[::1]:4294967297/", "o", Reason::port},
      {"bus:080808080", "o", Reason::port},
      {"ftp://bus", "o", Reason::scheme},
      {"user:hush@bus", "o", Reason::user_info},
      {"https://user@bus/", "o", Reason::user_info},
      {"bus/#top", "o", Reason::fragment},
      {"b%41s", "o", Reason::host},
      {"[v1.x]:80", "o", Reason::host},
      {"bus", "", Reason::eventbus},
      {"bus?a=b", "", Reason::eventbus},
      {"bus/{eventbus}", "", Reason::eventbus},
      {"bus", ".", Reason::eventbus},
      {"bus", "..", Reason::eventbus},
  };
  for (const auto& [target, eventbus, reason] : cases) {
    const auto endpoint = parse_endpoint(target, eventbus, Profile::generic);
    ASSERT_TRUE(endpoint.has_error()) << target;
    EXPECT_EQ(endpoint.error().reason(), reason) << target << ": " << endpoint.error().message();
    EXPECT_THAT(endpoint.error().message(), ::testing::Not(::testing::HasSubstr("hush")));
  }
}

TEST(Endpoint, IsShownWithoutTheValuesOfItsQuery) {
  const auto endpoint = parse_endpoint("bus:8080/in?key=hush&hush", "", Profile::generic);
  ASSERT_TRUE(endpoint);
  EXPECT_EQ(endpoint->request_target, "/in?key=hush&hush");
  EXPECT_EQ(endpoint->url(), "http://bus:8080/in?key=(redacted)&(redacted)");
  EXPECT_EQ(endpoint->path(), "/in?key=(redacted)&(redacted)");
  EXPECT_EQ(redacted_target("bus"), "bus");
  EXPECT_EQ(redacted_target("bus?"), "bus?(redacted)");
}

TEST(Endpoint, KnowsWhetherItNeedsAnEventbus) {
  EXPECT_TRUE(needs_eventbus("bus:8080", Profile::vanus));
  EXPECT_FALSE(needs_eventbus("bus:8080", Profile::knative));
  EXPECT_TRUE(needs_eventbus("bus/{eventbus}", Profile::knative));
  EXPECT_EQ(parse_endpoint("bus", "", Profile::knative)->url(), "http://bus/");
  EXPECT_EQ(parse_endpoint("bus/ns/broker", "", Profile::knative)->url(), "http://bus/ns/broker");
  EXPECT_EQ(parse_endpoint("bus", "o", Profile::vanus)->url(), "http://bus/gateway/o");
  EXPECT_TRUE(needs_eventbus("bus:8080", Profile::generic));
  EXPECT_TRUE(needs_eventbus("https://bus?a=b", Profile::generic));
  EXPECT_TRUE(needs_eventbus("bus/x/{eventbus}", Profile::generic));
  EXPECT_FALSE(needs_eventbus("bus/", Profile::generic));
  EXPECT_FALSE(needs_eventbus("https://bus/x", Profile::generic));
}

TEST(Endpoint, IsShownAsAUrl) {
  EXPECT_EQ(parse_endpoint("bus:8080", "o", Profile::generic)->url(), "http://bus:8080/gateway/o");
  EXPECT_EQ(parse_endpoint("https://[::1]/x", "", Profile::generic)->url(), "https://[::1]/x");
}

TEST(Endpoint, ThrowsInvalidArgumentWhereAValueIsTaken) {
  EXPECT_THROW(static_cast<void>(parse_endpoint("ftp://bus", "o", Profile::generic).value()),
               std::invalid_argument);
}

}  // namespace
}  // namespace gateway::config
