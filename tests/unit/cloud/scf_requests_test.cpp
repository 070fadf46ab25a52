#include "cloud/scf_requests.hpp"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <string>
#include <string_view>

#include "support/wanted_relay.hpp"
#include "unit/cloud/plan_support.hpp"

namespace gateway::cloud {
namespace {

using test::wanted;

void expect_call(const ScfCall& call, std::string_view action, std::string_view parameters) {
  EXPECT_EQ(call.action, action);
  EXPECT_EQ(boost::json::serialize(call.parameters),
            boost::json::serialize(boost::json::parse(parameters)));
}

FoundTrigger found_trigger() {
  FoundTrigger trigger;
  trigger.type = "cos";
  trigger.name = "examplebucket-1250000000.cos.ap-guangzhou.myqcloud.com";
  trigger.qualifier = "$LATEST";
  trigger.text = R"({"event": "cos:ObjectCreated:*"})";
  return trigger;
}

TEST(ScfRequests, CreateAFunctionAllAtOnce) {
  expect_call(create_function(wanted(), "mark"), "CreateFunction", R"({
    "FunctionName":"relay","Namespace":"default","Type":"Event","Runtime":"Nodejs18.15",
    "Handler":"index.main_handler","Description":"mark","MemorySize":128,"Timeout":60,
    "Environment":{"Variables":[{"Key":"GATEWAY_URL","Value":"http://gateway.example"},
                                {"Key":"GATEWAY_TOKEN","Value":"s3cret"}]},
    "PublicNetConfig":{"PublicNetStatus":"ENABLE","EipConfig":{"EipStatus":"DISABLE"}},
    "CodeSource":"ZipFile","Code":{"ZipFile":"UEstemlw"}})");
}

TEST(ScfRequests, UpdateCodeFromAnObjectToo) {
  Wanted other = wanted();
  CosCode code;
  code.bucket = "code";
  code.region = "ap-beijing";
  code.path = "/main.zip";
  other.code = code;
  expect_call(update_code(other), "UpdateFunctionCode", R"({
    "FunctionName":"relay","Namespace":"default","Handler":"index.main_handler",
    "CodeSource":"Cos","Code":{"CosBucketName":"code","CosObjectName":"/main.zip",
                               "CosBucketRegion":"ap-beijing"}})");
}

TEST(ScfRequests, UpdateTheConfigurationWithoutWhatItDoesNotTake) {
  const auto call = update_configuration(wanted(), "mark");
  EXPECT_EQ(call.action, "UpdateFunctionConfiguration");
  for (const std::string_view member : {"Runtime", "Handler", "Type", "Code"}) {
    EXPECT_FALSE(call.parameters.contains(member)) << member;
  }
  EXPECT_EQ(call.parameters.at("Description"), "mark");
}

TEST(ScfRequests, EmptyAnEnvironmentByAnEmptyPair) {
  Wanted bare = wanted();
  bare.environment.clear();
  EXPECT_EQ(boost::json::serialize(update_configuration(bare, "mark").parameters.at("Environment")),
            R"({"Variables":[{"Key":"","Value":""}]})");
  EXPECT_FALSE(create_function(bare, "mark").parameters.contains("Environment"));
}

TEST(ScfRequests, SetRetryRulesInSeconds) {
  expect_call(update_retry_rules(wanted()), "UpdateFunctionEventInvokeConfig", R"({
    "FunctionName":"relay","Namespace":"default",
    "AsyncTriggerConfig":{"RetryConfig":[{"RetryNum":2}],"MsgTTL":21600}})");
}

TEST(ScfRequests, CreateATriggerWithACompactDescription) {
  expect_call(create_trigger(wanted(), wanted().buckets[0], "cos:ObjectCreated:*"), "CreateTrigger",
              R"({
    "FunctionName":"relay","Namespace":"default",
    "TriggerName":"examplebucket-1250000000.cos.ap-guangzhou.myqcloud.com","Type":"cos",
    "TriggerDesc":"{\"event\":\"cos:ObjectCreated:*\",\"filter\":{\"Prefix\":\"in/\",\"Suffix\":\"\"}}",
    "Qualifier":"$DEFAULT","Enable":"OPEN"})");
}

TEST(ScfRequests, DeleteATriggerByWhatWasListed) {
  expect_call(delete_trigger(wanted(), found_trigger()), "DeleteTrigger", R"({
    "FunctionName":"relay","Namespace":"default",
    "TriggerName":"examplebucket-1250000000.cos.ap-guangzhou.myqcloud.com","Type":"cos",
    "TriggerDesc":"{\"event\": \"cos:ObjectCreated:*\"}","Qualifier":"$LATEST"})");
}

TEST(ScfRequests, EnableATriggerByWhatWasListed) {
  const auto call = enable_trigger(wanted(), found_trigger());
  EXPECT_EQ(call.action, "UpdateTriggerStatus");
  EXPECT_EQ(call.parameters.at("TriggerDesc").as_string(), found_trigger().text);
  EXPECT_EQ(call.parameters.at("Qualifier"), "$LATEST");
  EXPECT_EQ(call.parameters.at("Enable"), "OPEN");
}

TEST(ScfRequests, ReadPagesAsLongAsTheyGet) {
  expect_call(list_triggers(wanted(), 200), "ListTriggers",
              R"({"FunctionName":"relay","Namespace":"default","Offset":200,"Limit":100})");
}

}  // namespace
}  // namespace gateway::cloud
