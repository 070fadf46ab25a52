#pragma once
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <chrono>
#include <cstdint>
#include <string>

#include "support/scripted_cloud.hpp"
#include "support/scripted_cloud_control.hpp"
#include "support/scripted_cloud_refusal.hpp"
#include "testkit/http_client.hpp"

// What the tests of the scripted cloud share: a caller of it.
namespace gateway::test {

inline constexpr const char* kBucket = "pictures-1250000000.cos.ap-guangzhou.myqcloud.com";
inline constexpr const char* kPath = "default/relay";
// An archive of nothing: a local header's signature and an end of the central directory.
inline constexpr const char* kZip = "UEsDBFBLBQYAAA==";

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

inline std::int64_t unix_time(std::chrono::seconds skew) {
  const auto now = std::chrono::system_clock::now() + skew;
  return std::chrono::floor<std::chrono::seconds>(now).time_since_epoch().count();
}

inline std::string call_text(std::uint16_t port, const std::string& action, const std::string& body,
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
inline boost::json::object members(const Response& response) {
  boost::json::object answer = boost::json::parse(response.body).at("Response").as_object();
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
  boost::json::object call(const std::string& action, const std::string& body,
                           const Caller& caller = {}) {
    const Response response = send(action, body, caller);
    EXPECT_EQ(response.status, 200u);
    return members(response);
  }
  // "OK" or the code of the error.
  std::string code(const std::string& action, const std::string& body, const Caller& caller = {}) {
    const boost::json::object answer = call(action, body, caller);
    const boost::json::value* code = answer.if_contains("Code");
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
    const std::string description = boost::json::serialize(boost::json::object{
        {"event", event}, {"filter", {{"Prefix", prefix}, {"Suffix", suffix}}}});
    return fmt::format(
        R"({{"FunctionName":"{}","TriggerName":"{}","Type":"cos","TriggerDesc":{}{}}})", function,
        kBucket, boost::json::serialize(boost::json::string(description)), more);
  }
  std::string status() {
    return std::string(call("GetFunction", R"({"FunctionName":"relay"})").at("Status").as_string());
  }
  std::size_t listed() {
    return call("ListTriggers", R"({"FunctionName":"relay"})").at("Triggers").as_array().size();
  }

  ScriptedCloud cloud_;
};

}  // namespace gateway::test
