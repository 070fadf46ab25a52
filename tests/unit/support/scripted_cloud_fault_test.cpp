// What goes wrong in the scripted cloud when a test asks for it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/support/scripted_cloud_calls.hpp"

namespace gateway::test {
namespace {

namespace json = boost::json;
using namespace std::chrono_literals;
using testing::IsEmpty;
using ScriptedCloudFaults = ScriptedCloudTest;

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

}  // namespace
}  // namespace gateway::test
