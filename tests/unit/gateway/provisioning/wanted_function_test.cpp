// From configuration to the function that is deployed: the three ways of docs/configuration.md.
#include "gateway/provisioning/wanted_function.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <variant>
#include <vector>

#include "cloud/relay_package.hpp"
#include "unit/gateway/config/support.hpp"

namespace gateway {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;

config::Settings settings_with(std::vector<std::string> overrides) {
  auto texts = config::testing::with_config(R"(target: "bus:8080"
eventbus: orders
secret_id: id
secret_key: key
bucket: {endpoint: photos-1250000000.cos.ap-beijing.myqcloud.com}
function: {region: ap-beijing, name: relay}
)");
  texts.overrides = std::move(overrides);
  const auto loaded = config::load(texts);
  EXPECT_THAT(config::testing::texts_of(loaded.problems), ::testing::IsEmpty());
  return loaded.settings;
}

cloud::Wanted wanted_function(const config::Settings& settings) {
  const auto all = wanted_functions(settings);
  EXPECT_EQ(all.size(), 1U);
  return all.front();
}

TEST(WantedFunction, OfAListAreOneForEachShareWithKeysOfTheirOwn) {
  auto texts = config::testing::with_config(R"(target: "bus:8080"
eventbus: orders
secret_id: id
secret_key: key
gateway: {public_url: "https://gw.example.com"}
function: {name: relay}
buckets:
- {endpoint: a-1250000000.cos.ap-beijing.myqcloud.com, prefix: in/}
- {endpoint: b-1250000000.cos.eu-frankfurt.myqcloud.com, function: {memory: 256}}
- {endpoint: c-1250000000.cos.ap-beijing.myqcloud.com}
)");
  const auto loaded = config::load(texts);
  EXPECT_THAT(config::testing::texts_of(loaded.problems), ::testing::IsEmpty());
  const auto all = wanted_functions(loaded.settings);
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].region, "ap-beijing");
  ASSERT_EQ(all[0].buckets.size(), 2U);
  EXPECT_EQ(all[0].buckets[0].prefix, "in/");
  EXPECT_EQ(all[0].buckets[1].endpoint.name, "c");
  EXPECT_EQ(all[1].region, "eu-frankfurt");
  EXPECT_EQ(all[1].memory_mb, 256U);
  EXPECT_EQ(all[0].deployment, all[1].deployment);
  EXPECT_NE(all[0].deployment, "");
  const auto token_of = [](const cloud::Wanted& wanted) {
    return std::map<std::string, std::string>(wanted.environment.begin(),
                                              wanted.environment.end())["GATEWAY_TOKEN"];
  };
  EXPECT_NE(token_of(all[0]), token_of(all[1]));
}

TEST(WantedFunction, WithoutPublicUrlIsTheBuiltInRelayThatSendsToTheTarget) {
  const auto wanted = wanted_function(settings_with({}));
  ASSERT_TRUE(std::holds_alternative<cloud::InlineCode>(wanted.code));
  EXPECT_EQ(wanted.runtime, "Nodejs18.15");
  EXPECT_THAT(wanted.environment,
              ElementsAre(Pair("EVENT_GATEWAY", "bus:8080"), Pair("FUNCTION_NAME", "relay"),
                          Pair("VANUS_EVENTBUS", "orders"), Pair("DEBUG_MODE", "false"),
                          Pair("TARGET_URL", "http://bus:8080/gateway/orders")));
}

TEST(WantedFunction, TellsTheRelayHowToMakeEvents) {
  const auto wanted = wanted_function(
      settings_with({"target=https://bus.example.com/in?a=b", "delivery.mode=structured",
                     "event.data=records", "event.attributes=[subject]",
                     "event.redact=[Authorization]", "delivery.headers.X-Key=a;b=c%"}));
  const std::map<std::string, std::string> variables(wanted.environment.begin(),
                                                     wanted.environment.end());
  EXPECT_EQ(variables.at("TARGET_URL"), "https://bus.example.com/in?a%3Db");
  EXPECT_EQ(variables.at("EVENT_SETTINGS"),
            R"({"mode":"structured","data":"records","attributes":["subject"],)"
            R"("redact":["Authorization"],"headers":{"X-Key":"a%3Bb%3Dc%25"}})");
  EXPECT_EQ(variables.count("GATEWAY_TOKEN"), 0u);
}

TEST(WantedFunction, WithCodeAndWithoutPublicUrlIsTheOriginalConnectors) {
  const auto wanted =
      wanted_function(settings_with({"function.code.path=/vanus/cos-source/dev/main.zip"}));
  const auto* code = std::get_if<cloud::CosCode>(&wanted.code);
  ASSERT_NE(code, nullptr);
  EXPECT_EQ(code->bucket, "vanus-1253760853");
  EXPECT_EQ(code->region, "ap-beijing");
  EXPECT_EQ(code->path, "/vanus/cos-source/dev/main.zip");
  EXPECT_EQ(wanted.runtime, "Go1");
  EXPECT_EQ(wanted.handler, "main");
  EXPECT_THAT(wanted.environment,
              ElementsAre(Pair("EVENT_GATEWAY", "bus:8080"), Pair("FUNCTION_NAME", "relay"),
                          Pair("VANUS_EVENTBUS", "orders"), Pair("DEBUG_MODE", "false")));
}

TEST(WantedFunction, WithPublicUrlIsTheBuiltInRelay) {
  const auto wanted =
      wanted_function(settings_with({"gateway.public_url=https://gw.example.com/cos"}));
  const auto* code = std::get_if<cloud::InlineCode>(&wanted.code);
  ASSERT_NE(code, nullptr);
  EXPECT_EQ(code->zip, cloud::relay_zip());
  EXPECT_EQ(wanted.runtime, "Nodejs18.15");
  EXPECT_EQ(wanted.handler, "index.main_handler");
  // printf 'cos-gateway/v1/ap-beijing/default/relay' | openssl dgst -sha256 -hmac key
  EXPECT_THAT(
      wanted.environment,
      ElementsAre(Pair("EVENT_GATEWAY", "bus:8080"), Pair("FUNCTION_NAME", "relay"),
                  Pair("VANUS_EVENTBUS", "orders"), Pair("DEBUG_MODE", "false"),
                  Pair("GATEWAY_URL", "https://gw.example.com/cos"),
                  Pair("GATEWAY_TOKEN",
                       "057929e5a318d08403fef83326186497a785420b356051ae29ef8c0d9e66e116")));
}

TEST(WantedFunction, WithBothIsTheGivenCodeSentHere) {
  const auto wanted = wanted_function(
      settings_with({"gateway.public_url=https://gw.example.com:8443/cos", "gateway.auth=none",
                     "function.code.bucket=mine", "function.code.path=/relay.zip", "debug=true"}));
  const auto* code = std::get_if<cloud::CosCode>(&wanted.code);
  ASSERT_NE(code, nullptr);
  EXPECT_EQ(code->bucket, "mine");
  EXPECT_EQ(code->path, "/relay.zip");
  EXPECT_THAT(
      wanted.environment,
      ElementsAre(Pair("EVENT_GATEWAY", "gw.example.com:8443"), Pair("FUNCTION_NAME", "relay"),
                  Pair("VANUS_EVENTBUS", "orders"), Pair("DEBUG_MODE", "true")));
}

TEST(WantedFunction, VariablesOfTheRelaySurviveASplitAtSemicolonAndEquals) {
  const auto wanted = wanted_function(settings_with(
      {"gateway.public_url=https://gw.example.com/a;b?c=d%20e", "gateway.token=to=ken;"}));
  const std::map<std::string, std::string> variables(wanted.environment.begin(),
                                                     wanted.environment.end());
  EXPECT_EQ(variables.at("GATEWAY_URL"), "https://gw.example.com/a%3Bb?c%3Dd%2520e");
  EXPECT_EQ(variables.at("GATEWAY_TOKEN"), "to%3Dken%3B");
}

TEST(WantedFunction, HasNoTokenWithoutAuthentication) {
  const auto wanted = wanted_function(
      settings_with({"gateway.public_url=https://gw.example.com", "gateway.auth=none"}));
  const std::map<std::string, std::string> variables(wanted.environment.begin(),
                                                     wanted.environment.end());
  EXPECT_EQ(variables.count("GATEWAY_TOKEN"), 0u);
}

TEST(WantedFunction, HasNoVariableWithoutAValue) {
  const auto wanted = wanted_function(
      settings_with({"gateway.public_url=https://gw.example.com", "target=bus/path", "eventbus="}));
  for (const auto& [name, value] : wanted.environment) EXPECT_FALSE(value.empty()) << name;
}

TEST(WantedFunction, TakesTheRestAsConfigured) {
  const auto wanted = wanted_function(settings_with(
      {"bucket.events=['cos:ObjectCreated:Put', 'cos:ObjectRemove:*']", "bucket.prefix=logs/",
       "bucket.suffix=.gz", "function.namespace=prod", "function.memory=256", "function.timeout=2m",
       "function.retries=1", "function.max_age=10m"}));
  EXPECT_EQ(wanted.space, "prod");
  EXPECT_EQ(wanted.name, "relay");
  EXPECT_EQ(wanted.buckets.at(0).endpoint.host(), "photos-1250000000.cos.ap-beijing.myqcloud.com");
  EXPECT_THAT(wanted.buckets[0].events, ElementsAre("cos:ObjectCreated:Put", "cos:ObjectRemove:*"));
  EXPECT_EQ(wanted.buckets[0].prefix, "logs/");
  EXPECT_EQ(wanted.buckets[0].suffix, ".gz");
  EXPECT_EQ(wanted.memory_mb, 256u);
  EXPECT_EQ(wanted.timeout, std::chrono::seconds(120));
  EXPECT_EQ(wanted.retries, 1u);
  EXPECT_EQ(wanted.max_age, std::chrono::seconds(600));
}

// Returns the keys that are to be changed.
std::vector<std::string> problems_of(const std::string& text) {
  const auto loaded = config::load(
      config::testing::with_config("eventbus: orders\nsecret_id: id\nsecret_key: key\n" + text));
  EXPECT_THAT(config::testing::texts_of(loaded.problems), ::testing::IsEmpty());
  std::vector<std::string> keys;
  for (const auto& problem : problems_with_functions(loaded.settings)) {
    EXPECT_THAT(problem.message, ::testing::HasSubstr("of which 4096 are allowed"));
    keys.push_back(problem.key);
  }
  return keys;
}

TEST(WantedFunction, ThatIsTooLargeIsNamedByTheKeyThatMakesItSo) {
  const std::string kLong(4096, 'x');
  const std::string bucket =
      "bucket: {endpoint: a-1250000000.cos.ap-beijing.myqcloud.com}\n"
      "function: {region: ap-beijing}\n";
  const std::string list =
      "function: {name: relay}\nbuckets:\n"
      "- {endpoint: a-1250000000.cos.ap-beijing.myqcloud.com}\n"
      "- {endpoint: b-1250000000.cos.ap-beijing.myqcloud.com, function: {name: other}, target: "
      "'http://bus/";
  EXPECT_THAT(problems_of("target: \"bus:8080\"\n" + bucket), ElementsAre());
  EXPECT_THAT(problems_of("target: 'http://bus/" + kLong + "'\n" + bucket), ElementsAre("target"));
  EXPECT_THAT(problems_of("target: \"bus:8080\"\ngateway: {public_url: 'https://gw/" + kLong +
                          "'}\n" + bucket),
              ElementsAre("gateway.public_url"));
  EXPECT_THAT(problems_of("target: \"bus:8080\"\ndelivery: {headers: {X-Note: '" + kLong + "'}}\n" +
                          bucket),
              ElementsAre("delivery.headers"));
  EXPECT_THAT(problems_of("target: \"bus:8080\"\n" + list + "'}\n"), ElementsAre());
  EXPECT_THAT(problems_of("target: \"bus:8080\"\n" + list + kLong + "'}\n"),
              ElementsAre("buckets[1].target"));
}

}  // namespace
}  // namespace gateway
