// Functions of the scripted cloud, their states and their quotas.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/support/scripted_cloud_calls.hpp"

namespace gateway::test {
namespace {

namespace json = boost::json;
using testing::IsEmpty;
using ScriptedCloudFunctions = ScriptedCloudTest;

TEST_F(ScriptedCloudFunctions, ChecksWhatAFunctionIsMadeOf) {
  struct Case {
    const char* what;
    std::string body;
    const char* code;
  };
  const std::string valid_code = fmt::format(R"("Code":{{"ZipFile":"{}"}})", kZip);
  const Case cases[] = {
      {"name", create_body("", "r"), "InvalidParameterValue.FunctionName"},
      {"name's end", create_body("", "relay-"), "InvalidParameterValue.FunctionName"},
      {"namespace", create_body(R"(,"Namespace":"none")"), "ResourceNotFound.Namespace"},
      {"memory", create_body(R"(,"MemorySize":100)"), "InvalidParameterValue.MemorySize"},
      {"much memory", create_body(R"(,"MemorySize":4096)"), "LimitExceeded.Memory"},
      {"timeout", create_body(R"(,"Timeout":901)"), "LimitExceeded.Timeout"},
      {"description", create_body(R"(,"Description":"a=b")"), "InvalidParameterValue.Description"},
      {"value", create_body(R"(,"Environment":{"Variables":[{"Key":"A","Value":""}]})"),
       "InvalidParameterValue.Environment"},
      {"reserved", create_body(R"(,"Environment":{"Variables":[{"Key":"SCF_A","Value":"1"}]})"),
       "InvalidParameterValue.EnvironmentSystemProtect"},
      {"size",
       create_body(R"(,"Environment":{"Variables":[{"Key":"A","Value":")" + std::string(4096, 'v') +
                   R"("}]})"),
       "InvalidParameterValue.EnvironmentExceededLimit"},
      {"runtime", R"({"FunctionName":"relay",)" + valid_code + R"(,"Runtime":"Nodejs99"})",
       "InvalidParameterValue.Runtime"},
      {"handler",
       R"({"FunctionName":"relay",)" + valid_code + R"(,"Runtime":"Nodejs18.15","Handler":"main"})",
       "InvalidParameterValue.Handler"},
      {"Base64", R"({"FunctionName":"relay","Code":{"ZipFile":"UEsDBFB"}})",
       "InvalidParameterValue.ZipFileBase64BinasciiError"},
      {"zip", R"({"FunctionName":"relay","Code":{"ZipFile":"aGVsbG8="}})",
       "InvalidParameterValue.ZipFile"},
      {"object", R"({"FunctionName":"relay","Code":{"CosBucketName":"b","CosObjectName":"a.zip"}})",
       "InvalidParameterValue.CosObjectName"},
      {"two sources",
       fmt::format(R"({{"FunctionName":"relay","Code":{{"ZipFile":"{}","CosBucketName":"b"}}}})",
                   kZip),
       "InvalidParameterValue.Code"},
  };
  for (const Case& one : cases) {
    SCOPED_TRACE(one.what);
    EXPECT_EQ(code("CreateFunction", one.body), one.code);
  }
  EXPECT_THAT(cloud_.functions(), IsEmpty());
}

TEST_F(ScriptedCloudFunctions, KeepsWhatItWasGivenAndShowsIt) {
  ASSERT_EQ(create(R"(,"MemorySize":256,"Timeout":60,"Description":"mark 1",)"
                   R"("Environment":{"Variables":[{"Key":"A","Value":"1"}]},)"
                   R"("PublicNetConfig":{"PublicNetStatus":"ENABLE",)"
                   R"("EipConfig":{"EipStatus":"DISABLE"}})"),
            "OK");
  const json::object shown = call("GetFunction", R"({"FunctionName":"relay","ShowCode":"FALSE"})");
  EXPECT_EQ(shown.at("Status").as_string(), "Active");
  EXPECT_EQ(shown.at("MemorySize").as_int64(), 256);
  EXPECT_EQ(shown.at("Description").as_string(), "mark 1");
  EXPECT_EQ(json::serialize(shown.at("Environment")), R"({"Variables":[{"Key":"A","Value":"1"}]})");
  EXPECT_EQ(shown.at("PublicNetConfig").at("PublicNetStatus").as_string(), "ENABLE");
  EXPECT_TRUE(shown.at("ImageConfig").is_null());
  EXPECT_EQ(shown.at("ModTime").as_string().size(), 19u);
  EXPECT_EQ(cloud_.function(kPath)->code.zip, std::string("PK\3\4PK\5\6\0\0", 10));
  EXPECT_EQ(create(), "ResourceInUse.Function");
  EXPECT_EQ(code("GetFunction", R"({"FunctionName":"relay"})", {.region = "ap-beijing"}),
            "ResourceNotFound.Function");
}

TEST_F(ScriptedCloudFunctions, UpdatesKeepWhatIsLeftOutAndCannotChangeTheRuntime) {
  ASSERT_EQ(create(R"(,"MemorySize":256,"Environment":{"Variables":[{"Key":"A","Value":"1"}]})"),
            "OK");
  EXPECT_EQ(code("UpdateFunctionConfiguration", R"({"FunctionName":"relay","Timeout":9})"), "OK");
  EXPECT_EQ(cloud_.function(kPath)->memory, 256);
  EXPECT_EQ(cloud_.function(kPath)->timeout, 9);
  EXPECT_EQ(cloud_.function(kPath)->environment.size(), 1u);
  EXPECT_EQ(code("UpdateFunctionConfiguration",
                 R"({"FunctionName":"relay","Environment":{"Variables":[{"Key":"","Value":""}]}})"),
            "OK");
  EXPECT_THAT(cloud_.function(kPath)->environment, IsEmpty());
  EXPECT_EQ(
      code("UpdateFunctionConfiguration", R"({"FunctionName":"relay","Runtime":"Python3.10"})"),
      "InvalidParameterValue.Runtime");
  EXPECT_EQ(code("UpdateFunctionConfiguration", R"({"FunctionName":"relay","Handler":"a.b"})"),
            "UnknownParameter");
  EXPECT_EQ(
      code("UpdateFunctionCode", fmt::format(R"({{"FunctionName":"relay","ZipFile":"{}"}})", kZip)),
      "OK");
  EXPECT_EQ(cloud_.function(kPath)->code_updates, 1u);
  EXPECT_EQ(cloud_.function(kPath)->configuration_updates, 2u);
}

TEST_F(ScriptedCloudFunctions, AreRefusedUntilTheyAreActive) {
  cloud_.change_limits([](CloudLimits& limits) {
    limits.creating_reads = 2;
    limits.updating_reads = 1;
    limits.deleting_reads = 1;
  });
  ASSERT_EQ(create(), "OK");
  const std::string configure = R"({"FunctionName":"relay","Timeout":9})";
  const std::string retry =
      R"({"FunctionName":"relay","AsyncTriggerConfig":{"RetryConfig":[{"RetryNum":1}],)"
      R"("MsgTTL":60}})";
  EXPECT_EQ(code("UpdateFunctionConfiguration", configure),
            "FailedOperation.UpdateFunctionConfiguration");
  EXPECT_EQ(code("CreateTrigger", trigger_body()), "FailedOperation.CreateTrigger");
  EXPECT_EQ(code("UpdateFunctionEventInvokeConfig", retry),
            "FailedOperation.FunctionVersionStatusNotActive");
  EXPECT_EQ(code("DeleteFunction", R"({"FunctionName":"relay"})"),
            "FailedOperation.FunctionStatusError");
  EXPECT_EQ(status(), "Creating");
  EXPECT_EQ(status(), "Creating");
  EXPECT_EQ(status(), "Active");
  EXPECT_EQ(code("UpdateFunctionConfiguration", configure), "OK");
  EXPECT_EQ(status(), "Updating");
  EXPECT_EQ(status(), "Active");
  EXPECT_EQ(code("DeleteFunction", R"({"FunctionName":"relay"})"), "OK");
  EXPECT_EQ(create(), "ResourceInUse.Function");
  EXPECT_EQ(status(), "Deleting");
  EXPECT_EQ(code("GetFunction", R"({"FunctionName":"relay"})"), "ResourceNotFound.Function");
  EXPECT_THAT(cloud_.functions(), IsEmpty());
}

TEST_F(ScriptedCloudFunctions, HaveQuotas) {
  cloud_.change_limits([](CloudLimits& limits) { limits.functions = 1; });
  EXPECT_EQ(create(), "OK");
  EXPECT_EQ(create("", "other"), "LimitExceeded.Function");
}

TEST_F(ScriptedCloudFunctions, KeepTheirRulesOfRetrying) {
  ASSERT_EQ(create(), "OK");
  const auto set = [&](int retries, int age) {
    return code("UpdateFunctionEventInvokeConfig",
                fmt::format(R"({{"FunctionName":"relay","AsyncTriggerConfig":)"
                            R"({{"RetryConfig":[{{"RetryNum":{}}}],"MsgTTL":{}}}}})",
                            retries, age));
  };
  EXPECT_EQ(set(3, 600), "LimitExceeded.RetryNum");
  EXPECT_EQ(set(1, 59), "LimitExceeded.MsgTTL");
  EXPECT_EQ(set(1, 600), "OK");
  EXPECT_EQ(
      json::serialize(call("GetFunctionEventInvokeConfig", R"({"FunctionName":"relay"})")),
      R"({"AsyncTriggerConfig":{"RetryConfig":[{"RetryNum":1},{"RetryNum":-1}],"MsgTTL":600}})");
  EXPECT_EQ(cloud_.retry_rules(kPath)->retries, 1);
}

TEST_F(ScriptedCloudFunctions, AreListedByNamespaceInPagesAndByWhatDescribesThem) {
  create(R"(,"Description":"one of ours")", "first");
  create({}, "second");
  json::object all = call("ListFunctions", "{}");
  EXPECT_EQ(all.at("TotalCount").as_int64(), 2);
  const json::object& first = all.at("Functions").as_array().at(0).as_object();
  EXPECT_EQ(first.at("FunctionName").as_string(), "first");
  EXPECT_EQ(first.at("Description").as_string(), "one of ours");
  EXPECT_FALSE(first.contains("Environment"));
  const json::object page = call("ListFunctions", R"({"Offset":1,"Limit":1})");
  EXPECT_EQ(page.at("TotalCount").as_int64(), 2);
  EXPECT_EQ(page.at("Functions").as_array().at(0).at("FunctionName").as_string(), "second");
  EXPECT_EQ(call("ListFunctions", R"({"Description":"ours"})").at("TotalCount").as_int64(), 1);
  EXPECT_EQ(call("ListFunctions", R"({"SearchKey":"seco"})").at("TotalCount").as_int64(), 1);
  EXPECT_EQ(code("ListFunctions", R"({"Namespace":"nowhere"})"), "ResourceNotFound.Namespace");
  EXPECT_EQ(code("ListFunctions", R"({"Offset":"1"})"), "InvalidParameter");
}

}  // namespace
}  // namespace gateway::test
