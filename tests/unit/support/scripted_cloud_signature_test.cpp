// Whose calls the scripted cloud takes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/support/scripted_cloud_calls.hpp"

namespace gateway::test {
namespace {

using namespace std::chrono_literals;
using testing::IsEmpty;
using testing::StartsWith;
using ScriptedCloudSignature = ScriptedCloudTest;

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
  const struct {
    Caller caller;
    const char* code;
  } rows[] = {
      {{.secret_key = "wrong"}, "AuthFailure.SignatureFailure"},
      {{.secret_id = "AKIDunknown"}, "AuthFailure.SecretIdNotFound"},
      {{.secret_id = ""}, "AuthFailure.InvalidSecretId"},
      {{.skew = -301s}, "AuthFailure.SignatureExpire"},
      {{.skew = 305s}, "AuthFailure.SignatureExpire"},
      {{.service = "cvm"}, "AuthFailure.SignatureFailure"},
      {{.content_type = "application/json; charset=utf-8"}, "AuthFailure.SignatureFailure"},
      {{.secret_id = "AKIDtemporary", .secret_key = "k"}, "AuthFailure.SecretIdNotFound"},
      {{.secret_id = "AKIDtemporary", .secret_key = "k", .token = "bad-token"},
       "AuthFailure.TokenFailure"},
  };
  for (const auto& row : rows) EXPECT_EQ(code("GetAccount", "{}", row.caller), row.code);
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
  const Caller caller{.secret_id = "AKIDtemporary", .secret_key = "k", .token = "token"};
  EXPECT_EQ(code("GetAccount", "{}", caller), "OK");
  cloud_.expire_token("token");
  EXPECT_EQ(code("GetAccount", "{}", caller), "AuthFailure.TokenFailure");
}

TEST_F(ScriptedCloudSignature, ItsClockIsInTheDateHeaderAndDecidesWhatIsLate) {
  cloud_.set_clock_offset(-24h);
  const Response late = send("GetAccount", "{}");
  EXPECT_EQ(members(late).at("Code").as_string(), "AuthFailure.SignatureExpire");
  EXPECT_EQ(code("GetAccount", "{}", {.skew = -24h}), "OK");
  const auto yesterday = std::chrono::system_clock::now() - 24h;
  const std::string day = fmt::format(
      "{:02}",
      static_cast<unsigned>(
          std::chrono::year_month_day(std::chrono::floor<std::chrono::days>(yesterday)).day()));
  EXPECT_EQ(late.headers["Date"].substr(5, 2), day);
}

}  // namespace
}  // namespace gateway::test
