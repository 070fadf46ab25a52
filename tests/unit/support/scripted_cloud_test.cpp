#include "support/scripted_cloud.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/support/scripted_cloud_calls.hpp"

namespace gateway::test {
namespace {

namespace json = boost::json;
using testing::IsEmpty;

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
