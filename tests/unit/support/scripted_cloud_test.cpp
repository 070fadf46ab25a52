#include "support/scripted_cloud.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <chrono>
#include <optional>
#include <string>

#include "support/scripted_cloud_control.hpp"
#include "support/scripted_cloud_refusal.hpp"
#include "testkit/http_client.hpp"

namespace gateway::test {
namespace {

namespace json = boost::json;
using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::StartsWith;

constexpr const char* kBucket = "pictures-1250000000.cos.ap-guangzhou.myqcloud.com";
constexpr const char* kPath = "default/relay";
// An archive of nothing: a local header's signature and an end of the central directory.
constexpr const char* kZip = "UEsDBFBLBQYAAA==";

struct Caller {
  std::string secret_id{ScriptedCloud::kSecretId};
  std::string secret_key{ScriptedCloud::kSecretKey};
  std::string token{};
  std::string service = "scf";
  std::string region = "ap-guangzhou";
  std::chrono::seconds skew{0};
  std::string content_type = "application/json";
  std::string signed_content_type = "application/json";
};

std::int64_t unix_time(std::chrono::seconds skew) {
  const auto now = std::chrono::system_clock::now() + skew;
  return std::chrono::floor<std::chrono::seconds>(now).time_since_epoch().count();
}

std::string call_text(std::uint16_t port, const std::string& action, const std::string& body,
                      const Caller& caller = {}) {
  const std::string host = fmt::format("127.0.0.1:{}", port);
  const std::int64_t timestamp = unix_time(caller.skew);
  const CanonicalRequest request{
      "POST", "content-type:" + caller.signed_content_type + "\nhost:" + host + "\n",
      "content-type;host", body};
  Headers headers{
      {"Content-Type", caller.content_type},
      {"X-TC-Action", action},
      {"X-TC-Version", "2018-04-16"},
      {"X-TC-Region", caller.region},
      {"X-TC-Timestamp", std::to_string(timestamp)},
      {"Authorization",
       fmt::format("TC3-HMAC-SHA256 Credential={}/{}/{}/tc3_request, "
                   "SignedHeaders=content-type;host, Signature={}",
                   caller.secret_id, utc_date(timestamp), caller.service,
                   tc3_signature(request, caller.secret_key, caller.service, timestamp))}};
  if (!caller.token.empty()) headers.add("X-TC-Token", caller.token);
  std::string text = request_text("POST", "/", body, headers);
  const auto named = text.find("\r\nHost: ") + 8;
  return text.replace(named, text.find("\r\n", named) - named, host);
}

// The members of the answer; those of an error are {"Code","Message"}.
json::object members(const Response& response) {
  json::object answer = json::parse(response.body).at("Response").as_object();
  EXPECT_TRUE(answer.contains("RequestId"));
  answer.erase("RequestId");
  if (answer.contains("Error")) return answer.at("Error").as_object();
  return answer;
}

class ScriptedCloudTest : public testing::Test {
 protected:
  Response send(const std::string& action, const std::string& body, const Caller& caller = {}) {
    HttpClient client(cloud_.port());
    client.send(call_text(cloud_.port(), action, body, caller));
    return client.response();
  }
  json::object call(const std::string& action, const std::string& body, const Caller& caller = {}) {
    const Response response = send(action, body, caller);
    EXPECT_EQ(response.status, 200u);
    return members(response);
  }
  // "OK" or the code of the error.
  std::string code(const std::string& action, const std::string& body, const Caller& caller = {}) {
    const json::object answer = call(action, body, caller);
    const json::value* code = answer.if_contains("Code");
    return code == nullptr ? "OK" : std::string(code->as_string());
  }
  static std::string create_body(const std::string& more = {}, const std::string& name = "relay") {
    return fmt::format(R"({{"FunctionName":"{}","Code":{{"ZipFile":"{}"}},"Runtime":"Nodejs18.15",)"
                       R"("Handler":"index.main_handler"{}}})",
                       name, kZip, more);
  }
  std::string create(const std::string& more = {}, const std::string& name = "relay") {
    return code("CreateFunction", create_body(more, name));
  }
  static std::string trigger_body(const std::string& event = "cos:ObjectCreated:*",
                                  const std::string& prefix = {}, const std::string& suffix = {},
                                  const std::string& more = R"(,"Enable":"OPEN")",
                                  const std::string& function = "relay") {
    const std::string description = json::serialize(
        json::object{{"event", event}, {"filter", {{"Prefix", prefix}, {"Suffix", suffix}}}});
    return fmt::format(
        R"({{"FunctionName":"{}","TriggerName":"{}","Type":"cos","TriggerDesc":{}{}}})", function,
        kBucket, json::serialize(json::string(description)), more);
  }
  std::string status() {
    return std::string(call("GetFunction", R"({"FunctionName":"relay"})").at("Status").as_string());
  }
  std::size_t listed() {
    return call("ListTriggers", R"({"FunctionName":"relay"})").at("Triggers").as_array().size();
  }

  ScriptedCloud cloud_;
};

using ScriptedCloudSignature = ScriptedCloudTest;
using ScriptedCloudFunctions = ScriptedCloudTest;
using ScriptedCloudTriggers = ScriptedCloudTest;
using ScriptedCloudFaults = ScriptedCloudTest;

// "Signature v3" documents this one.
TEST(Tc3Signature, IsTheDocumentedOne) {
  const CanonicalRequest request{
      "POST", "content-type:application/json; charset=utf-8\nhost:cvm.tencentcloudapi.com\n",
      "content-type;host",
      R"({"Limit": 1, "Filters": [{"Values": ["\u672a\u547d\u540d"], "Name": "instance-name"}]})"};
  EXPECT_EQ(tc3_signature(request, "Gu5t9xGARNpq86cd98joQYCN3EXAMPLE", "cvm", 1551113065),
            "72e494ea809ad7a8c8f7a4507b9bddcbaa8e581f516e8da2f66e2c5a96525168");
  EXPECT_EQ(utc_date(1551113065), "2019-02-25");
  EXPECT_EQ(utc_date(1551139199), "2019-02-25");
  EXPECT_EQ(utc_date(1551139200), "2019-02-26");
}

TEST_F(ScriptedCloudSignature, AcceptsAGoodOne) {
  EXPECT_EQ(code("GetAccount", "{}"), "OK");
  EXPECT_THAT(cloud_.refused_signatures(), IsEmpty());
  EXPECT_EQ(cloud_.journal().at(0).secret_id, ScriptedCloud::kSecretId);
}

TEST_F(ScriptedCloudSignature, RefusesWhatIsWrongWithItsOwnCode) {
  cloud_.add_key({"AKIDtemporary", "k", "good-token", {}});
  Caller wrong_key;
  wrong_key.secret_key = "wrong";
  Caller unknown;
  unknown.secret_id = "AKIDunknown";
  Caller nobody;
  nobody.secret_id = "";
  Caller late;
  late.skew = -301s;
  Caller early;
  early.skew = 305s;
  Caller other_service;
  other_service.service = "cvm";
  Caller other_type;
  other_type.content_type = "application/json; charset=utf-8";
  Caller tokenless;
  tokenless.secret_id = "AKIDtemporary";
  tokenless.secret_key = "k";
  Caller bad_token = tokenless;
  bad_token.token = "bad-token";
  EXPECT_EQ(code("GetAccount", "{}", wrong_key), "AuthFailure.SignatureFailure");
  EXPECT_EQ(code("GetAccount", "{}", unknown), "AuthFailure.SecretIdNotFound");
  EXPECT_EQ(code("GetAccount", "{}", nobody), "AuthFailure.InvalidSecretId");
  EXPECT_EQ(code("GetAccount", "{}", late), "AuthFailure.SignatureExpire");
  EXPECT_EQ(code("GetAccount", "{}", early), "AuthFailure.SignatureExpire");
  EXPECT_EQ(code("GetAccount", "{}", other_service), "AuthFailure.SignatureFailure");
  EXPECT_EQ(code("GetAccount", "{}", other_type), "AuthFailure.SignatureFailure");
  EXPECT_EQ(code("GetAccount", "{}", tokenless), "AuthFailure.SecretIdNotFound");
  EXPECT_EQ(code("GetAccount", "{}", bad_token), "AuthFailure.TokenFailure");
  EXPECT_EQ(cloud_.refused_signatures().size(), 9u);
  EXPECT_THAT(cloud_.refused_signatures()[0], StartsWith("AuthFailure.SignatureFailure: "));
}

TEST_F(ScriptedCloudSignature, CoversTheHostAndTheBodyAsReceived) {
  std::string host = call_text(cloud_.port(), "GetAccount", "{}");
  host.replace(host.find("127.0.0.1"), 9, "localhost");
  std::string body = call_text(cloud_.port(), "GetFunction", R"({"FunctionName":"a"})");
  body.replace(body.rfind("\"a\""), 3, "\"b\"");
  for (const std::string& text : {host, body}) {
    HttpClient client(cloud_.port());
    client.send(text);
    EXPECT_EQ(members(client.response()).at("Code").as_string(), "AuthFailure.SignatureFailure");
  }
}

TEST_F(ScriptedCloudSignature, RefusesAMalformedAuthorization) {
  const std::string good = call_text(cloud_.port(), "GetAccount", "{}");
  const auto with = [&](const std::string& from, const std::string& to) {
    std::string text = good;
    HttpClient client(cloud_.port());
    client.send(text.replace(text.find(from), from.size(), to));
    return std::string(members(client.response()).at("Code").as_string());
  };
  EXPECT_EQ(with("TC3-HMAC-SHA256 ", "TC3-HMAC-SHA1 "), "AuthFailure.InvalidAuthorization");
  EXPECT_EQ(with("content-type;host,", "host;content-type,"), "AuthFailure.InvalidAuthorization");
  EXPECT_EQ(with("=content-type;host,", "=host,"), "AuthFailure.InvalidAuthorization");
  EXPECT_EQ(with("=content-type;host,", "=content-type;host;x-tc-absent,"),
            "AuthFailure.InvalidAuthorization");
  EXPECT_EQ(with(", Signature=", ",Signature="), "AuthFailure.InvalidAuthorization");
  EXPECT_EQ(with("/tc3_request", "/tc4_request"), "AuthFailure.InvalidAuthorization");
}

TEST_F(ScriptedCloudSignature, TokensExpire) {
  cloud_.add_key({"AKIDtemporary", "k", "token", {}});
  Caller caller;
  caller.secret_id = "AKIDtemporary";
  caller.secret_key = "k";
  caller.token = "token";
  EXPECT_EQ(code("GetAccount", "{}", caller), "OK");
  cloud_.expire_token("token");
  EXPECT_EQ(code("GetAccount", "{}", caller), "AuthFailure.TokenFailure");
}

TEST_F(ScriptedCloudSignature, ItsClockIsInTheDateHeaderAndDecidesWhatIsLate) {
  cloud_.set_clock_offset(-24h);
  const Response late = send("GetAccount", "{}");
  EXPECT_EQ(members(late).at("Code").as_string(), "AuthFailure.SignatureExpire");
  Caller caller;
  caller.skew = -24h;
  EXPECT_EQ(code("GetAccount", "{}", caller), "OK");
  const auto yesterday = std::chrono::system_clock::now() - 24h;
  const std::string day = fmt::format(
      "{:02}",
      static_cast<unsigned>(
          std::chrono::year_month_day(std::chrono::floor<std::chrono::days>(yesterday)).day()));
  EXPECT_EQ(late.headers["Date"].substr(5, 2), day);
}

TEST_F(ScriptedCloudTest, RefusesWhatTheReferenceDoesNotHave) {
  ASSERT_EQ(create(), "OK");
  EXPECT_EQ(code("Create", "{}"), "InvalidAction");
  EXPECT_EQ(code("GetFunction", R"({"FunctionName":"relay","Colour":"red"})"), "UnknownParameter");
  EXPECT_EQ(code("CreateFunction", create_body(R"(,"Environment":{"Variable":[]})", "b1")),
            "UnknownParameter");
  EXPECT_EQ(code("CreateFunction", R"({"FunctionName":"relay"})"), "MissingParameter");
  EXPECT_EQ(code("CreateFunction", R"({"FunctionName":"b1","Code":{}})"), "MissingParameter.Code");
  EXPECT_EQ(code("UpdateFunctionEventInvokeConfig",
                 R"({"FunctionName":"relay","AsyncTriggerConfig":{"MsgTTL":60}})"),
            "MissingParameter");
  EXPECT_EQ(code("CreateFunction", create_body(R"(,"Timeout":"60")", "b1")), "InvalidParameter");
  EXPECT_EQ(code("CreateFunction", create_body(R"(,"Description":null)", "b1")),
            "InvalidParameter");
  EXPECT_EQ(code("GetAccount", "[]"), "InvalidParameter");
  EXPECT_EQ(code("GetAccount", "{"), "InvalidParameter");
  EXPECT_THAT(cloud_.refused_signatures(), IsEmpty());
}

TEST_F(ScriptedCloudTest, RefusesABodyOfMoreThanTenMebibytes) {
  const std::string start = R"({"FunctionName":")";
  const std::string most = start + std::string(10'485'760 - start.size() - 2, 'x');
  EXPECT_EQ(code("GetFunction", most + "\"}"), "ResourceNotFound.Function");
  EXPECT_EQ(code("GetFunction", most + "x\"}"), "RequestSizeLimitExceeded");
}

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
  Caller elsewhere;
  elsewhere.region = "ap-beijing";
  EXPECT_EQ(code("GetFunction", R"({"FunctionName":"relay"})", elsewhere),
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

TEST_F(ScriptedCloudTriggers, AreShownWithWhatTheServiceAdds) {
  ASSERT_EQ(create(), "OK");
  ASSERT_EQ(code("CreateTrigger", trigger_body("cos:ObjectCreated:Put", "in/", ".zip")), "OK");
  const json::object list = call("ListTriggers", R"({"FunctionName":"relay"})");
  EXPECT_EQ(list.at("TotalCount").as_int64(), 1);
  const json::object& trigger = list.at("Triggers").as_array().at(0).as_object();
  EXPECT_EQ(trigger.at("Enable").as_int64(), 1);
  EXPECT_EQ(trigger.at("Qualifier").as_string(), "$LATEST");
  EXPECT_EQ(trigger.at("TriggerDesc").as_string(),
            R"({"bucketUrl":"pictures-1250000000.cos.ap-guangzhou.myqcloud.com",)"
            R"("event":"cos:ObjectCreated:Put","filter":{"Prefix":"in/","Suffix":".zip"}})");
}

TEST_F(ScriptedCloudTriggers, NeedADescriptionTheServiceTakes) {
  ASSERT_EQ(create(), "OK");
  const auto with = [&](const std::string& description) {
    return code("CreateTrigger",
                fmt::format(R"({{"FunctionName":"relay","TriggerName":"{}","Type":"cos",)"
                            R"("Enable":"OPEN","TriggerDesc":{}}})",
                            kBucket, json::serialize(json::string(description))));
  };
  const std::string bad = "InvalidParameterValue.TriggerDesc";
  EXPECT_EQ(with(R"({"event": "cos:ObjectCreated:*"})"), bad);
  EXPECT_EQ(with(R"({"event":"cos:ObjectRemoved:*"})"), bad);
  EXPECT_EQ(with(R"({"event":"cos:ObjectCreated:*","filter":{"Prefix":"/a"}})"), bad);
  EXPECT_EQ(with(R"({"event":"cos:ObjectCreated:*","filter":{"Suffix":"zip"}})"), bad);
  EXPECT_EQ(with(R"({"bucketUrl":"x","event":"cos:ObjectCreated:*"})"), bad);
  EXPECT_EQ(with(R"({"event":"cos:ObjectCreated:*","filter":{"Prefix":"a b"}})"), "OK");
}

TEST_F(ScriptedCloudTriggers, NeedABucketOfTheRegion) {
  ASSERT_EQ(create(), "OK");
  const auto with = [&](const std::string& name) {
    return code("CreateTrigger",
                fmt::format(R"({{"FunctionName":"relay","TriggerName":"{}","Type":"cos",)"
                            R"("TriggerDesc":"{{\"event\":\"cos:ObjectCreated:*\"}}"}})",
                            name));
  };
  EXPECT_EQ(with("pictures"), "InvalidParameterValue.TriggerName");
  EXPECT_EQ(with("https://pictures-1250000000.cos.ap-guangzhou.myqcloud.com/"),
            "InvalidParameterValue.TriggerName");
  EXPECT_EQ(with("pictures-1250000000.cos.ap-beijing.myqcloud.com"), "ResourceNotFound.Cos");
  EXPECT_EQ(with(kBucket), "OK");
  EXPECT_FALSE(cloud_.triggers(kPath).at(0).enabled) << "without Enable it is off";
}

TEST_F(ScriptedCloudTriggers, ConflictWhereTheBucketsRulesOverlap) {
  struct Case {
    BucketRule held;
    BucketRule wanted;
    bool conflict;
  };
  const std::string all = "cos:ObjectCreated:*";
  const std::string put = "cos:ObjectCreated:Put";
  const Case cases[] = {
      {{kBucket, all, "", "", "x"}, {kBucket, all, "", "", ""}, true},
      {{kBucket, all, "", "", "x"}, {kBucket, put, "", "", ""}, true},
      {{kBucket, put, "", "", "x"}, {kBucket, all, "", "", ""}, true},
      {{kBucket, put, "", "", "x"}, {kBucket, "cos:ObjectCreated:Post", "", "", ""}, false},
      {{kBucket, all, "", "", "x"}, {kBucket, "cos:ObjectRemove:*", "", "", ""}, false},
      {{kBucket, all, "Log", "", "x"}, {kBucket, all, "Lo", "", ""}, true},
      {{kBucket, all, "a/", "", "x"}, {kBucket, all, "b/", "", ""}, false},
      {{kBucket, all, "", ".zip", "x"}, {kBucket, all, "", ".jpg", ""}, false},
      {{kBucket, all, "a/", ".zip", "x"}, {kBucket, all, "a/", ".jpg", ""}, false},
      {{kBucket, all, "a/", "", "x"}, {kBucket, all, "", ".jpg", ""}, true},
      {{"other-1.cos.ap-guangzhou.myqcloud.com", all, "", "", "x"},
       {kBucket, all, "", "", ""},
       false},
  };
  ASSERT_EQ(create(), "OK");
  for (const Case& one : cases) {
    SCOPED_TRACE(one.held.event + one.held.prefix + one.held.suffix + " against " +
                 one.wanted.event + one.wanted.prefix + one.wanted.suffix);
    cloud_.drop_foreign_rules();
    cloud_.hold_rule(one.held);
    cloud_.change(kPath, [](CloudFunction& function) { function.triggers.clear(); });
    EXPECT_EQ(
        code("CreateTrigger", trigger_body(one.wanted.event, one.wanted.prefix, one.wanted.suffix)),
        one.conflict ? "InvalidParameterValue.CosNotifyRuleConflict" : "OK");
  }
}

TEST_F(ScriptedCloudTriggers, OfTwoFunctionsConflictAndADoubleIsInUse) {
  ASSERT_EQ(create(), "OK");
  ASSERT_EQ(create("", "other"), "OK");
  ASSERT_EQ(code("CreateTrigger", trigger_body()), "OK");
  EXPECT_EQ(code("CreateTrigger", trigger_body()), "ResourceInUse.Trigger");
  const std::string others =
      trigger_body("cos:ObjectCreated:*", "", "", R"(,"Enable":"OPEN")", "other");
  EXPECT_EQ(code("CreateTrigger", others), "InvalidParameterValue.CosNotifyRuleConflict");
  cloud_.change_limits([](CloudLimits& limits) { limits.conflict_code = "ResourceInUse.Cos"; });
  EXPECT_EQ(code("CreateTrigger", others), "ResourceInUse.Cos");
  // What the documentation leaves open is assumed to go badly.
  ASSERT_EQ(code("DeleteFunction", R"({"FunctionName":"relay"})"), "OK");
  EXPECT_EQ(code("CreateTrigger", others), "ResourceInUse.Cos");
}

TEST_F(ScriptedCloudTriggers, AreDeletedByDescriptionAndQualifier) {
  ASSERT_EQ(create(), "OK");
  ASSERT_EQ(code("CreateTrigger", trigger_body("cos:ObjectCreated:*", "", "",
                                               R"(,"Enable":"OPEN","Qualifier":"$DEFAULT")")),
            "OK");
  const std::string named =
      fmt::format(R"({{"FunctionName":"relay","TriggerName":"{}","Type":"cos"}})", kBucket);
  EXPECT_EQ(code("DeleteTrigger", named), "InvalidParameterValue.TriggerDesc");
  EXPECT_EQ(code("DeleteTrigger", trigger_body("cos:ObjectCreated:*", "", "", "")),
            "ResourceNotFound.Trigger");
  EXPECT_EQ(code("DeleteTrigger",
                 trigger_body("cos:ObjectCreated:Put", "", "", R"(,"Qualifier":"$DEFAULT")")),
            "ResourceNotFound.Trigger");
  // The text as listed will do, too.
  const std::string listed_text(call("ListTriggers", R"({"FunctionName":"relay"})")
                                    .at("Triggers")
                                    .at(0)
                                    .at("TriggerDesc")
                                    .as_string());
  EXPECT_EQ(code("DeleteTrigger",
                 fmt::format(R"({{"FunctionName":"relay","TriggerName":"{}","Type":"cos",)"
                             R"("Qualifier":"$DEFAULT","TriggerDesc":{}}})",
                             kBucket, json::serialize(json::string(listed_text)))),
            "OK");
  EXPECT_THAT(cloud_.triggers(kPath), IsEmpty());
}

TEST_F(ScriptedCloudTriggers, AreSwitchedAndHoldTheirRuleOnlyWhileOn) {
  ASSERT_EQ(create(), "OK");
  ASSERT_EQ(code("CreateTrigger", trigger_body()), "OK");
  const std::string close = trigger_body("cos:ObjectCreated:*", "", "", R"(,"Enable":"CLOSE")");
  EXPECT_EQ(code("UpdateTriggerStatus", close), "OK");
  EXPECT_EQ(code("UpdateTriggerStatus", close), "FailedOperation.UpdateTriggerStatus");
  cloud_.hold_rule({kBucket, "cos:ObjectCreated:Put", "", "", "workflow"});
  EXPECT_EQ(code("UpdateTriggerStatus", trigger_body()),
            "InvalidParameterValue.CosNotifyRuleConflict");
}

TEST_F(ScriptedCloudTriggers, AreListedInPagesNewestFirst) {
  ASSERT_EQ(create(), "OK");
  for (const char* prefix : {"a/", "b/", "c/"}) {
    ASSERT_EQ(code("CreateTrigger", trigger_body("cos:ObjectCreated:*", prefix)), "OK");
  }
  const auto prefixes = [&](const std::string& more) {
    std::string all;
    const json::object list = call("ListTriggers", R"({"FunctionName":"relay")" + more + "}");
    EXPECT_EQ(list.at("TotalCount").as_int64(), 3);
    for (const json::value& trigger : list.at("Triggers").as_array()) {
      all +=
          json::parse(trigger.at("TriggerDesc").as_string()).at("filter").at("Prefix").as_string();
    }
    return all;
  };
  EXPECT_EQ(prefixes(""), "c/b/a/");
  EXPECT_EQ(prefixes(R"(,"Order":"ASC")"), "a/b/c/");
  EXPECT_EQ(prefixes(R"(,"Limit":2)"), "c/b/");
  EXPECT_EQ(prefixes(R"(,"Limit":2,"Offset":2)"), "a/");
  EXPECT_EQ(prefixes(R"(,"Offset":3)"), "");
}

TEST_F(ScriptedCloudTriggers, HaveQuotas) {
  cloud_.change_limits([](CloudLimits& limits) {
    limits.triggers = 2;
    limits.rules = 1;
  });
  ASSERT_EQ(create(), "OK");
  EXPECT_EQ(code("CreateTrigger", trigger_body("cos:ObjectCreated:*", "a/")), "OK");
  EXPECT_EQ(code("CreateTrigger", trigger_body("cos:ObjectCreated:*", "b/")),
            "ResourceInsufficient.COS");
  EXPECT_EQ(code("CreateTrigger", trigger_body("cos:ObjectCreated:*", "b/", "", "")), "OK");
  EXPECT_EQ(code("CreateTrigger", trigger_body("cos:ObjectCreated:*", "c/", "", "")),
            "LimitExceeded.Trigger");
}

TEST_F(ScriptedCloudFaults, AreListedLateWhenToldTo) {
  ASSERT_EQ(create(), "OK");
  cloud_.next("CreateTrigger", unseen_for(2));
  ASSERT_EQ(code("CreateTrigger", trigger_body()), "OK");
  EXPECT_EQ(listed(), 0u);
  EXPECT_EQ(listed(), 0u);
  EXPECT_EQ(listed(), 1u);
}

TEST_F(ScriptedCloudFaults, ErrorsAreAnsweredWithoutEffectAsOftenAsTold) {
  cloud_.next("CreateFunction", api_error("InternalError"));
  cloud_.next("*", rate_limited(), 2);
  EXPECT_EQ(create(), "InternalError");
  EXPECT_EQ(create(), "RequestLimitExceeded");
  EXPECT_EQ(code("GetAccount", "{}"), "RequestLimitExceeded");
  EXPECT_THAT(cloud_.functions(), IsEmpty());
  EXPECT_EQ(create(), "OK");
}

TEST_F(ScriptedCloudFaults, HttpErrorsComeAsHtml) {
  cloud_.next("CreateFunction", http_error(502));
  cloud_.next("CreateFunction", http_error(500).but_handled());
  const Response first = send("CreateFunction", create_body());
  EXPECT_EQ(first.status, 502u);
  EXPECT_EQ(first.headers["content-type"], "text/html");
  EXPECT_THAT(cloud_.functions(), IsEmpty());
  EXPECT_EQ(send("CreateFunction", create_body()).status, 500u);
  EXPECT_EQ(cloud_.functions().size(), 1u);
}

TEST_F(ScriptedCloudFaults, AnswersAreCutShortOrLost) {
  cloud_.next("CreateFunction", lost_request());
  cloud_.next("CreateFunction", lost_answer());
  cloud_.next("GetFunction", truncated_answer());
  const auto lost = [&] {
    HttpClient client(cloud_.port());
    client.send(call_text(cloud_.port(), "CreateFunction", create_body()));
    return !client.read();
  };
  EXPECT_TRUE(lost());
  EXPECT_THAT(cloud_.functions(), IsEmpty());
  EXPECT_TRUE(lost());
  EXPECT_EQ(cloud_.functions().size(), 1u);
  const Response half = send("GetFunction", R"({"FunctionName":"relay"})");
  EXPECT_EQ(half.status, 200u);
  boost::system::error_code error;
  json::parse(half.body, error);
  EXPECT_TRUE(error);

  const CloudCalls journal = cloud_.journal();
  EXPECT_FALSE(journal.at(0).handled);
  EXPECT_TRUE(journal.at(1).handled);
  EXPECT_FALSE(journal.at(1).answered);
  EXPECT_EQ(journal.at(1).outcome, "OK");
  EXPECT_EQ(journal.at(1).fault, "lost answer");
}

TEST_F(ScriptedCloudFaults, ChangesEndBadlyOrNever) {
  cloud_.next("CreateFunction", ends_as("CreateFailed", {{"NoRole", "SCF_QcsRole is missing"}}));
  ASSERT_EQ(create(), "OK");
  const json::object failed = call("GetFunction", R"({"FunctionName":"relay"})");
  EXPECT_EQ(failed.at("Status").as_string(), "CreateFailed");
  EXPECT_EQ(failed.at("StatusReasons").at(0).at("ErrorCode").as_string(), "NoRole");
  EXPECT_EQ(code("UpdateFunctionConfiguration", R"({"FunctionName":"relay","Timeout":9})"),
            "FailedOperation.UpdateFunctionConfiguration");
  ASSERT_EQ(code("DeleteFunction", R"({"FunctionName":"relay"})"), "OK");

  cloud_.next("CreateFunction", stuck());
  ASSERT_EQ(create(), "OK");
  for (int i = 0; i < 3; ++i) EXPECT_EQ(status(), "Creating");
  cloud_.settle(kPath);
  EXPECT_EQ(status(), "Active");

  cloud_.next("UpdateFunctionConfiguration", ends_as("UpdateFailed"));
  ASSERT_EQ(code("UpdateFunctionConfiguration", R"({"FunctionName":"relay","Timeout":9})"), "OK");
  EXPECT_EQ(status(), "UpdateFailed");
  EXPECT_EQ(cloud_.function(kPath)->timeout, 3) << "what was there stays";
}

TEST_F(ScriptedCloudFaults, SomebodyElseActsInBetween) {
  cloud_.next("CreateFunction", meanwhile([this] { cloud_.create_foreign_function("relay"); }));
  EXPECT_EQ(create(), "ResourceInUse.Function");
  cloud_.next("GetFunction", afterwards([this] { cloud_.erase(kPath); }));
  EXPECT_EQ(status(), "Active");
  EXPECT_EQ(code("GetFunction", R"({"FunctionName":"relay"})"), "ResourceNotFound.Function");
}

TEST_F(ScriptedCloudFaults, CallsStallUntilReleasedWithoutHinderingOthers) {
  cloud_.next("GetAccount", stalled());
  HttpClient client(cloud_.port());
  client.send(call_text(cloud_.port(), "GetAccount", "{}"));
  ASSERT_TRUE(cloud_.wait_for_calls("GetAccount", 1));
  EXPECT_EQ(create(), "OK");
  EXPECT_FALSE(client.readable(0ms));
  cloud_.release();
  EXPECT_EQ(client.response().status, 200u);
}

TEST_F(ScriptedCloudFaults, DelayedAnswersAreNotEarly) {
  cloud_.next("GetAccount", delayed(30ms));
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(code("GetAccount", "{}"), "OK");
  EXPECT_GE(std::chrono::steady_clock::now() - start, 30ms);
}

TEST_F(ScriptedCloudFaults, AScriptDecidesWhereNothingIsQueued) {
  cloud_.script([](const CloudCall& call) {
    return call.action == "GetAccount" ? api_error("InternalError") : no_fault();
  });
  cloud_.next("GetAccount", no_fault());
  EXPECT_EQ(code("GetAccount", "{}"), "OK");
  EXPECT_EQ(code("GetAccount", "{}"), "InternalError");
  EXPECT_EQ(create(), "OK");
}

TEST_F(ScriptedCloudTest, KeepsConnectionsAlive) {
  HttpClient client(cloud_.port());
  for (int i = 0; i < 3; ++i) {
    client.send(call_text(cloud_.port(), "GetAccount", "{}"));
    EXPECT_EQ(client.response().status, 200u);
  }
  EXPECT_EQ(cloud_.connections(), 1u);
}

TEST_F(ScriptedCloudTest, TakesScriptsAndShowsItsStateOverHttp) {
  const auto control = [&](const char* method, const char* target, const std::string& body) {
    HttpClient client(cloud_.port());
    client.send(request_text(method, target, body));
    return client.response();
  };
  EXPECT_EQ(control("POST", "/faults",
                    R"([{"action":"CreateFunction","error":"InternalError","times":1},)"
                    R"({"foreignFunction":"taken"}])")
                .status,
            200u);
  EXPECT_EQ(create(), "InternalError");
  const json::value state = json::parse(control("GET", "/state", "").body);
  EXPECT_EQ(state.at("functions").at(0).at("FunctionName").as_string(), "taken");
  EXPECT_EQ(state.at("journal").at(0).at("outcome").as_string(), "InternalError");
  EXPECT_EQ(state.at("journal").at(0).at("parameters").at("Code").at("ZipFile").as_string(), "...");
  for (const char* bad : {"{", "{}", R"([{"action":"*","colour":1}])", R"([{"colour":1}])",
                          R"([{"action":"*","times":"2"}])"}) {
    EXPECT_EQ(control("POST", "/faults", bad).status, 400u) << bad;
  }
}

}  // namespace
}  // namespace gateway::test
