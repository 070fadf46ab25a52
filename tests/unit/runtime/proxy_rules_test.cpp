#include "runtime/proxy_rules.hpp"

#include <gtest/gtest.h>

namespace gateway {
namespace {

bool spares(const char* list, const char* host, std::uint16_t port = 80) {
  return NoProxy(list).holds(host, port);
}

TEST(NoProxy, NamesAHostAndAllBelowIt) {
  for (const char* const list : {"example.com", ".example.com", "*.example.com", "EXAMPLE.com.",
                                 "other.org, example.com", "other.org example.com"}) {
    EXPECT_TRUE(spares(list, "example.com")) << list;
    EXPECT_TRUE(spares(list, "a.b.example.com")) << list;
    EXPECT_TRUE(spares(list, "Bus.Example.COM.")) << list;
    EXPECT_FALSE(spares(list, "badexample.com")) << list;
    EXPECT_FALSE(spares(list, "example.com.evil.org")) << list;
  }
  EXPECT_TRUE(spares("localhost", "localhost"));
}

TEST(NoProxy, NamesPorts) {
  EXPECT_TRUE(spares("example.com:8080", "bus.example.com", 8080));
  EXPECT_FALSE(spares("example.com:8080", "bus.example.com", 80));
  EXPECT_TRUE(spares("10.0.0.1:443", "10.0.0.1", 443));
  EXPECT_FALSE(spares("10.0.0.1:443", "10.0.0.1", 444));
  EXPECT_TRUE(spares("[fd00::1]:443", "fd00::1", 443));
  EXPECT_FALSE(spares("[fd00::1]:443", "fd00::1", 80));
}

TEST(NoProxy, NamesAddressesAndNetworks) {
  EXPECT_TRUE(spares("10.0.0.1", "10.0.0.1"));
  EXPECT_FALSE(spares("10.0.0.1", "10.0.0.11"));
  EXPECT_FALSE(spares("0.0.1", "10.0.0.1")) << "an address has no suffix";
  EXPECT_TRUE(spares("10.0.0.0/8", "10.200.3.4"));
  EXPECT_FALSE(spares("10.0.0.0/8", "11.0.0.1"));
  EXPECT_TRUE(spares("192.168.0.0/20", "192.168.15.255"));
  EXPECT_FALSE(spares("192.168.0.0/20", "192.168.16.0"));
  EXPECT_TRUE(spares("0.0.0.0/0", "8.8.8.8"));
  EXPECT_FALSE(spares("0.0.0.0/0", "fd00::1")) << "the other family";
  EXPECT_TRUE(spares("fd00::/8", "fd12::1"));
  EXPECT_TRUE(spares("fd00::1", "fd00:0::1"));
  EXPECT_TRUE(spares("10.0.0.1", "::ffff:10.0.0.1"));
  EXPECT_FALSE(spares("10.0.0.0/8", "ten.example.com"));
}

TEST(NoProxy, NamesAll) {
  EXPECT_TRUE(spares("*", "example.com"));
  EXPECT_TRUE(spares("a, *", "::1"));
}

TEST(NoProxy, TakesNothingFromWhatItCannotRead) {
  for (const char* const list :
       {"", ",", " , ", "10.0.0.0/33", "10.0.0.0/", "[fd00::1", "example.com:http", ".", "*."}) {
    EXPECT_FALSE(spares(list, "example.com")) << list;
    EXPECT_FALSE(spares(list, "10.0.0.1")) << list;
  }
}

const HttpProxy kPlain("proxy.corp", 3128);
const HttpProxy kSecure("proxy.corp", 3129);

TEST(ProxyRules, GoByScheme) {
  const ProxyRules both(kPlain, kSecure, NoProxy());
  ASSERT_NE(both.find(false, "example.com", 80), nullptr);
  EXPECT_EQ(both.find(false, "example.com", 80)->port(), 3128);
  EXPECT_EQ(both.find(true, "example.com", 443)->port(), 3129);
  const ProxyRules one(std::nullopt, kSecure, NoProxy("direct.example"));
  EXPECT_EQ(one.find(false, "example.com", 80), nullptr);
  EXPECT_EQ(one.find(true, "direct.example", 443), nullptr);
  EXPECT_EQ(ProxyRules().find(true, "example.com", 443), nullptr);
}

TEST(ProxyRules, AreForAllHostsWhereTheProxyIsGiven) {
  const ProxyRules rules(kPlain);
  EXPECT_NE(rules.find(false, "127.0.0.1", 80), nullptr);
  EXPECT_NE(rules.find(true, "example.com", 443), nullptr);
}

TEST(ProxyRules, DoNotSendAnotherMachineToThisOnesLoopback) {
  const ProxyRules rules(kPlain, kPlain, NoProxy());
  for (const char* const host : {"localhost", "127.0.0.1", "127.1.2.3", "::1", "a.localhost"}) {
    EXPECT_EQ(rules.find(false, host, 80), nullptr) << host;
    EXPECT_NE(
        ProxyRules(HttpProxy("127.0.0.1", 3128), std::nullopt, NoProxy()).find(false, host, 80),
        nullptr)
        << host;
  }
}

}  // namespace
}  // namespace gateway
