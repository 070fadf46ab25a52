#include "cloud/found.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <string>
#include <string_view>

namespace gateway::cloud {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

boost::json::object object(std::string_view text) {
  return boost::json::parse(text).as_object();
}

template <class T>
void expect_malformed(const ApiResult<T>& answer, std::string_view member) {
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().kind(), ErrorKind::transient);
  EXPECT_EQ(answer.error().code(), "ClientError.Answer");
  EXPECT_THAT(answer.error().message(), HasSubstr(std::string(member)));
}

TEST(FoundFunction, HasTheMembersThatMatter) {
  const auto function = parse_function(object(R"({
      "Status":"Active","StatusDesc":"","StatusReasons":[],"AvailableStatus":"Available",
      "Runtime":"Nodejs18.15","Handler":"index.main_handler","MemorySize":128,"Timeout":60,
      "Description":"d","Type":"Event","Role":null,"Triggers":[],"CodeSize":1024,
      "Environment":{"Variables":[{"Key":"B","Value":"2"},{"Key":"A","Value":"1"}]},
      "PublicNetConfig":{"PublicNetStatus":"ENABLE","EipConfig":{"EipStatus":"DISABLE"}}})"));
  ASSERT_TRUE(function);
  EXPECT_EQ(function->phase(), FunctionPhase::active);
  EXPECT_EQ(function->available, "Available");
  EXPECT_EQ(function->runtime, "Nodejs18.15");
  EXPECT_EQ(function->handler, "index.main_handler");
  EXPECT_EQ(function->type, "Event");
  EXPECT_EQ(function->description, "d");
  EXPECT_EQ(function->memory_mb, 128);
  EXPECT_EQ(function->timeout_seconds, 60);
  EXPECT_EQ(function->public_net, true);
  EXPECT_THAT(function->environment, ElementsAre(Pair("A", "1"), Pair("B", "2")));
}

TEST(FoundFunction, MayHaveNullsAndGaps) {
  const auto function = parse_function(object(R"({
      "Status":"Creating","StatusReasons":null,"Runtime":null,"PublicNetConfig":null,
      "Environment":{"Variables":null},"MemorySize":"64","Timeout":null,"Description":null})"));
  ASSERT_TRUE(function);
  EXPECT_EQ(function->memory_mb, 64);
  EXPECT_EQ(function->timeout_seconds, std::nullopt);
  EXPECT_EQ(function->public_net, std::nullopt);
  EXPECT_EQ(function->runtime, "");
}

TEST(FoundFunction, GivesThePlatformsReasons) {
  const auto function = parse_function(object(R"({
      "Status":"CreateFailed","StatusDesc":"no such object",
      "StatusReasons":[{"ErrorCode":"ResourceNotFound.CosObject","ErrorMessage":"gone"},
                       {"ErrorMessage":"twice"}]})"));
  ASSERT_TRUE(function);
  EXPECT_EQ(function->reason_code, "ResourceNotFound.CosObject");
  EXPECT_EQ(function->explained_status(),
            "CreateFailed (ResourceNotFound.CosObject: gone; twice; no such object)");
}

TEST(FoundFunction, IsChangingInAnyStateThatIsNotKnown) {
  for (const std::string_view status :
       {"Creating", "Updating", "Publishing", "Deleting", "UpdatingAndPublishing", "x"}) {
    EXPECT_EQ(phase_of(status), FunctionPhase::changing) << status;
  }
  EXPECT_EQ(phase_of("PublishFailed"), FunctionPhase::update_failed);
}

TEST(FoundFunction, IsNotMadeOutOfAMalformedAnswer) {
  expect_malformed(parse_function(object("{}")), "Status");
  expect_malformed(parse_function(object(R"({"Status":1})")), "Status");
  expect_malformed(parse_function(object(R"({"Status":"Active","MemorySize":"x"})")), "MemorySize");
  expect_malformed(parse_function(object(R"({"Status":"Active","Description":[]})")),
                   "Description");
  expect_malformed(parse_function(object(R"({"Status":"Active","Environment":[]})")),
                   "Environment");
  expect_malformed(parse_function(object(R"({"Status":"Active","Environment":{"Variables":[1]}})")),
                   "Variables");
  expect_malformed(parse_function(object(R"({"Status":"Active","StatusReasons":{}})")),
                   "StatusReasons");
}

TEST(FoundRetryRules, AreTheFirstThatAreSet) {
  const auto rules = parse_retry_rules(object(
      R"({"AsyncTriggerConfig":{"RetryConfig":[{"RetryNum":2},{"RetryNum":-1}],"MsgTTL":21600}})"));
  ASSERT_TRUE(rules);
  EXPECT_EQ(rules->retries, 2);
  EXPECT_EQ(rules->max_age_seconds, 21600);
  const auto none = parse_retry_rules(object(R"({"AsyncTriggerConfig":null})"));
  ASSERT_TRUE(none);
  EXPECT_EQ(none->retries, std::nullopt);
  expect_malformed(parse_retry_rules(object(R"({"AsyncTriggerConfig":{"MsgTTL":{}}})")), "MsgTTL");
}

TEST(FoundTrigger, IsReadFromItsDescription) {
  const auto page = parse_triggers(object(R"({"TotalCount":2,"Triggers":[
      {"AddTime":"2020-01-01 00:00:00","AvailableStatus":"Available","Enable":1,
       "Qualifier":"$DEFAULT","TriggerName":"b-1.cos.ap-x.myqcloud.com","Type":"cos",
       "TriggerDesc":"{\"bucketUrl\":\"b-1\",\"event\":\"cos:ObjectCreated:*\",\"filter\":{\"Prefix\":\"aaa\",\"Suffix\":\".zip\"}}",
       "CustomArgument":null},
      {"Enable":0,"TriggerName":"t","Type":"timer","TriggerDesc":"{\"cron\":\"0 0 0\"}"}]})"));
  ASSERT_TRUE(page);
  EXPECT_EQ(page->total, 2U);
  ASSERT_EQ(page->elements.size(), 2U);
  const FoundTrigger& trigger = page->elements[0];
  EXPECT_EQ(trigger.event, "cos:ObjectCreated:*");
  EXPECT_EQ(trigger.prefix, "aaa");
  EXPECT_EQ(trigger.suffix, ".zip");
  EXPECT_EQ(trigger.qualifier, "$DEFAULT");
  EXPECT_TRUE(trigger.enabled);
  EXPECT_FALSE(page->elements[1].enabled);
}

TEST(FoundTrigger, TakesItsDescriptionAndSwitchInEveryForm) {
  const auto page = parse_triggers(object(R"({"Triggers":[
      {"Type":"cos","Enable":"CLOSE","TriggerDesc":"{\"event\":\"cos:A\",\"filter\":null}"},
      {"Type":"cos","Enable":"1","TriggerDesc":{"event":"cos:B"}},
      {"Type":"cos","Enable":"0","TriggerDesc":"cos:C"},
      {"Type":"cos","TriggerDesc":"{\"event\":"},
      {"Type":"cos","TriggerDesc":null},
      {"Type":"cos","TriggerDesc":{"event":"cos:D","filter":{"prefix":"in/","SUFFIX":".x"}}},
      {"Type":"cos","TriggerDesc":{"event":"cos:E","prefix":"in/"}},
      {"Type":"cos","TriggerDesc":{"events":["cos:F"],"filter":{"Prefix":"in/"}}},
      {"Type":"cos","TriggerDesc":{"event":"cos:G","filter":{"Rules":[]}}}]})"));
  ASSERT_TRUE(page);
  std::vector<std::string> events;
  std::vector<bool> enabled;
  for (const auto& trigger : page->elements) {
    events.push_back(trigger.event);
    enabled.push_back(trigger.enabled);
  }
  EXPECT_THAT(events, ElementsAre("cos:A", "cos:B", "cos:C", "", "", "cos:D", "", "", ""))
      << "what could have a filter that is overlooked is not understood";
  EXPECT_THAT(enabled, ElementsAre(false, true, false, true, true, true, true, true, true));
  EXPECT_EQ(page->elements[5].prefix, "in/");
  EXPECT_EQ(page->elements[5].suffix, ".x");
}

TEST(FoundTriggers, AreNoneIfTheAnswerSaysSo) {
  for (const std::string_view text :
       {R"({"TotalCount":0,"Triggers":[]})", R"({"TotalCount":0,"Triggers":null})", "{}"}) {
    const auto page = parse_triggers(object(text));
    ASSERT_TRUE(page) << text;
    EXPECT_TRUE(page->elements.empty());
  }
  expect_malformed(parse_triggers(object(R"({"TotalCount":3})")), "Triggers");
  expect_malformed(parse_triggers(object(R"({"Triggers":["x"]})")), "Triggers");
  expect_malformed(parse_triggers(object(R"({"Triggers":[{"Type":1}]})")), "Type");
}

}  // namespace
}  // namespace gateway::cloud
