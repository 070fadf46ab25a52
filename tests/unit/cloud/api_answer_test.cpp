#include "cloud/api_answer.hpp"

#include <gtest/gtest.h>

#include <boost/json/value.hpp>

namespace gateway::cloud {
namespace {

TEST(ApiAnswer, GivesTheMembersOfTheResponse) {
  const auto answer = read_api_answer(
      "GetFunction", 200, R"({"Response":{"Status":"Active","Runtime":null,"RequestId":"r-1"}})");
  ASSERT_TRUE(answer) << answer.error().text();
  EXPECT_EQ(answer->request_id, "r-1");
  EXPECT_EQ(answer->members.size(), 2U);
  EXPECT_EQ(answer->members.at("Status").as_string(), "Active");
  EXPECT_TRUE(answer->members.at("Runtime").is_null());
}

TEST(ApiAnswer, MayLackARequestIdAndHaveAnErrorThatIsNull) {
  for (const auto* const body : {R"({"Response":{}})", R"({"Response":{"RequestId":null}})",
                                 R"({"Response":{"Error":null}})"}) {
    const auto answer = read_api_answer("GetFunction", 200, body);
    ASSERT_TRUE(answer) << body;
    EXPECT_EQ(answer->request_id, "");
    EXPECT_TRUE(answer->members.empty());
  }
}

TEST(ApiAnswer, IsAnErrorIfItHasOne) {
  const auto answer = read_api_answer(
      "CreateTrigger", 200,
      R"({"Response":{"Error":{"Code":"ResourceInUse.Cos","Message":"taken"},"RequestId":"r-2"}})");
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().kind(), ErrorKind::permanent);
  EXPECT_EQ(answer.error().action(), "CreateTrigger");
  EXPECT_EQ(answer.error().code(), "ResourceInUse.Cos");
  EXPECT_EQ(answer.error().message(), "taken");
  EXPECT_EQ(answer.error().request_id(), "r-2");
  EXPECT_FALSE(answer.error().advice().empty());
}

TEST(ApiAnswer, MayComeInTheOldEnvelope) {
  const auto answer = read_api_answer(
      "GetFunction", 200,
      R"({"code":4100,"message":"(100) no","codeDesc":"AuthFailure.SecretIdNotFound"})");
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().kind(), ErrorKind::denied);
  EXPECT_EQ(answer.error().code(), "AuthFailure.SecretIdNotFound");
  EXPECT_EQ(answer.error().message(), "(100) no");
}

TEST(ApiAnswer, KeepsTheCodeOfAnErrorWithAnotherStatus) {
  const auto answer = read_api_answer("GetFunction", 403,
                                      R"({"Response":{"Error":{"Code":"UnauthorizedOperation"}}})");
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code(), "UnauthorizedOperation");
}

TEST(ApiAnswer, WithAnotherStatusIsATransientError) {
  for (const auto* const body : {"", "<html>", "{}", R"({"Response":{"RequestId":"r-3"}})"}) {
    const auto answer = read_api_answer("GetFunction", 502, body);
    ASSERT_FALSE(answer) << body;
    EXPECT_EQ(answer.error().kind(), ErrorKind::transient);
    EXPECT_EQ(answer.error().code(), "ClientError.HttpStatus");
    EXPECT_NE(answer.error().message().find("502"), std::string::npos);
  }
}

TEST(ApiAnswer, ThatCannotBeReadIsATransientError) {
  for (const auto* const body :
       {"", "<html>", "[]", "{}", "null", R"({"Response":{"Status":"Act)", R"({"Response":1})",
        R"({"Response":{"Error":{}}})", R"({"Response":{"Error":"no"}})",
        R"({"Response":{"Error":{"Code":7}}})", R"({"code":0,"message":"ok"})",
        R"({"code":1,"message":"?"})", R"({"Response":{}} and more)"}) {
    const auto answer = read_api_answer("GetFunction", 200, body);
    ASSERT_FALSE(answer) << body;
    EXPECT_EQ(answer.error().kind(), ErrorKind::transient) << body;
    EXPECT_EQ(answer.error().code(), "ClientError.Answer") << body;
  }
}

TEST(ApiAnswer, CutsLongTextsBetweenCharacters) {
  std::string message = "x";
  while (message.size() < 10'000) message += "\u00fc";
  const auto answer = read_api_answer(
      "GetFunction", 200, R"({"Response":{"Error":{"Code":"X","Message":")" + message + R"("}}})");
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().message().size(), 2047U);
  EXPECT_EQ(answer.error().message().back(), '\xbc');
}

}  // namespace
}  // namespace gateway::cloud
