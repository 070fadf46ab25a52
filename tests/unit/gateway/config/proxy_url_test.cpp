#include "gateway/config/proxy_url.hpp"

#include <gtest/gtest.h>

#include "gateway/config/load.hpp"
#include "gateway/config/render.hpp"
#include "unit/gateway/config/support.hpp"

namespace gateway::config {
namespace {

std::string authorization(const char* text) {
  const auto proxy = parse_proxy(text);
  return proxy ? proxy->authorization().reveal() : "not taken: " + proxy.error().message();
}

TEST(ProxyUrl, NamesHostAndPort) {
  for (const char* const text : {"http://proxy.corp:3128", "proxy.corp:3128",
                                 "http://proxy.corp:3128/", "HTTP://user:word@proxy.corp:3128"}) {
    const auto proxy = parse_proxy(text);
    ASSERT_TRUE(proxy) << text << ": " << proxy.error().message();
    EXPECT_EQ(proxy->host(), "proxy.corp") << text;
    EXPECT_EQ(proxy->port(), 3128) << text;
  }
  EXPECT_EQ(parse_proxy("http://proxy.corp")->port(), 80);
  EXPECT_EQ(parse_proxy("http://[fd00::1]:3128")->host(), "fd00::1");
}

TEST(ProxyUrl, TakesUserAndPassword) {
  EXPECT_EQ(authorization("http://proxy.corp:3128"), "");
  EXPECT_EQ(authorization("http://user:word@proxy.corp:3128"), "Basic dXNlcjp3b3Jk");
  EXPECT_EQ(authorization("http://u%40corp:p%3A%2F@proxy.corp"), "Basic dUBjb3JwOnA6Lw==");
  EXPECT_EQ(authorization("http://user@proxy.corp:3128"), "Basic dXNlcjo=");
  EXPECT_EQ(authorization("http://user:p@ss@proxy.corp"), "Basic dXNlcjpwQHNz");
}

TEST(ProxyUrl, RefusesOthersWithoutRepeatingThem) {
  for (const char* const text :
       {"", "socks5://user:secret@proxy:1080", "https://user:secret@proxy:3128",
        "http://user:secret@proxy:99999", "http://user:secret@", "http://user:sec%zret@proxy",
        "http://u:secret@wpad/wpad.dat", "http://u:secret%0d@proxy",
        "http://u:secret@pro xy:3128"}) {
    const auto proxy = parse_proxy(text);
    ASSERT_FALSE(proxy) << text;
    EXPECT_EQ(proxy.error().message().find("secret"), std::string::npos) << proxy.error().message();
    EXPECT_FALSE(proxy.error().message().empty());
  }
}

TEST(EnvironmentProxies, AreTakenInBothCases) {
  const auto none = [](const std::string& name, const BadAddress&) { ADD_FAILURE() << name; };
  const auto rules = environment_proxies({{"HTTP_PROXY", "http://upper:1"},
                                          {"http_proxy", "http://lower:2"},
                                          {"HTTPS_PROXY", "secure:3"},
                                          {"https_proxy", ""},
                                          {"no_proxy", "direct.example"}},
                                         none);
  EXPECT_EQ(rules.find(false, "a.example", 80)->host(), "lower");
  EXPECT_EQ(rules.find(true, "a.example", 443)->host(), "secure");
  EXPECT_EQ(rules.find(true, "direct.example", 443), nullptr);
}

TEST(EnvironmentProxies, ThatNameNoProxyAreToldOf) {
  std::string told;
  const auto rules = environment_proxies(
      {{"HTTPS_PROXY", "socks5://user:secret@proxy:1080"}},
      [&](const std::string& name, const BadAddress& why) { told = name + ": " + why.message(); });
  EXPECT_EQ(rules.find(true, "a.example", 443), nullptr);
  EXPECT_TRUE(told.starts_with("HTTPS_PROXY: only proxies")) << told;
}

Loaded load_in(std::map<std::string, std::string> environment,
               std::vector<std::string> overrides = {}) {
  auto texts = testing::with_config(testing::kMinimal);
  texts.environment = std::move(environment);
  texts.overrides = std::move(overrides);
  return load(texts);
}

std::string proxy_of(const Settings& settings) {
  const HttpProxy* const proxy = settings.delivery.proxies.find(false, "bus", 8080);
  return proxy == nullptr ? "none" : proxy->address();
}

TEST(ProxyKey, ComesBeforeTheEnvironment) {
  const std::map<std::string, std::string> environment{{"HTTP_PROXY", "http://everyone:3128"}};
  EXPECT_EQ(proxy_of(load_in({}).settings), "none");
  EXPECT_EQ(proxy_of(load_in(environment).settings), "everyone:3128");
  EXPECT_EQ(proxy_of(load_in(environment, {"delivery.proxy=http://own:1"}).settings), "own:1");
  const Settings none = load_in(environment, {"delivery.proxy=none"}).settings;
  EXPECT_EQ(proxy_of(none), "none");
  EXPECT_NE(none.environment_proxies.find(false, "bus", 8080), nullptr) << "for the cloud";
  EXPECT_EQ(
      proxy_of(
          load_in({{"HTTP_PROXY", "http://everyone:3128"}, {"NO_PROXY", "bus:8080"}}).settings),
      "none");
}

TEST(ProxyKey, IsNeverShown) {
  const auto good = load_in({}, {"delivery.proxy=http://user:pa55word@own:1"});
  ASSERT_TRUE(good.ok());
  EXPECT_EQ(render(good.settings).find("pa55word"), std::string::npos);
  const auto bad = load_in({}, {"delivery.proxy=socks5://user:pa55word@own:1"});
  ASSERT_EQ(bad.problems.size(), 1U);
  EXPECT_EQ(bad.problems[0].text().find("pa55word"), std::string::npos);
  EXPECT_NE(bad.problems[0].text().find("delivery.proxy"), std::string::npos);
  const auto warned = load_in({{"https_proxy", "socks5://user:pa55word@own:1"}});
  ASSERT_EQ(warned.warnings.size(), 1U);
  EXPECT_EQ(warned.warnings[0].text().find("pa55word"), std::string::npos);
  EXPECT_NE(warned.warnings[0].text().find("https_proxy"), std::string::npos);
}

std::string problems_with(std::vector<std::string> overrides) {
  std::string all;
  for (const auto& text : testing::texts_of(load_in({}, std::move(overrides)).problems)) {
    all += text + "\n";
  }
  return all;
}

TEST(OAuth2Keys, BelongTogether) {
  const std::string url = "delivery.oauth2.token_url=https://idp/token";
  const std::string id = "delivery.oauth2.client_id=gateway";
  const std::string secret = "delivery.oauth2.client_secret=pa55word";
  EXPECT_EQ(problems_with({url, id, secret, "delivery.oauth2.scope=a b"}), "");
  EXPECT_NE(problems_with({url, id}).find("delivery.oauth2.client_secret: required"),
            std::string::npos);
  EXPECT_NE(problems_with({url, secret}).find("delivery.oauth2.client_id: required"),
            std::string::npos);
  EXPECT_NE(problems_with({id, secret}).find("delivery.oauth2.token_url: required"),
            std::string::npos);
  EXPECT_NE(problems_with({"delivery.oauth2.scope=a"}).find("needs delivery.oauth2.token_url"),
            std::string::npos);
}

TEST(OAuth2Keys, LeaveNoRoomForAnotherAuthorization) {
  auto texts = testing::with_config(
      std::string(testing::kMinimal) +
      "delivery: {oauth2: {token_url: 'http://idp/token', client_id: a, client_secret: pa55word}, "
      "headers: {authorization: Bearer x}}\n");
  const auto loaded = load(texts);
  ASSERT_EQ(loaded.problems.size(), 1U);
  EXPECT_NE(loaded.problems[0].text().find("leave one of them out"), std::string::npos);
  ASSERT_EQ(loaded.warnings.size(), 1U);
  EXPECT_NE(loaded.warnings[0].text().find("is an http URL"), std::string::npos);
  EXPECT_EQ(render(loaded.settings).find("pa55word"), std::string::npos);
}

}  // namespace
}  // namespace gateway::config
