#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <string>
#include <utility>
#include <vector>

#include "support/eventbus_test.hpp"
#include "support/payloads.hpp"

namespace gateway::test {
namespace {

namespace json = boost::json;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::MatchesRegex;
using HttpContract = EventbusTest;

TEST_F(HttpContract, APostIsAnswered200OnceEveryRecordIsDelivered) {
  const RunningGateway gateway(settings);
  const std::vector<std::string> records = cos_records(3);
  bus.hold();
  HttpClient client = gateway.connect();
  client.send(post_text(cos_payload(records)));
  ASSERT_TRUE(bus.wait_for_requests(1));
  EXPECT_FALSE(client.readable(std::chrono::milliseconds(0)));
  bus.release();
  const Response answer = client.response();
  EXPECT_EQ(answer.status, 200u);
  EXPECT_EQ(answer.body, R"({"records":3})");
  EXPECT_EQ(answer.headers["Content-Type"], "application/json");
  const Requests seen = bus.requests();
  ASSERT_EQ(seen.size(), 3u);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(seen[i].body, records[i]);
    EXPECT_TRUE(seen[i].accepted());
  }
}

TEST_F(HttpContract, EachRecordBecomesACloudEventOfItsOwn) {
  const RunningGateway gateway(settings);
  ASSERT_EQ(gateway.post(cos_payload(2)).status, 200u);
  const Requests seen = bus.requests();
  ASSERT_EQ(seen.size(), 2u);
  for (const Request& request : seen) {
    EXPECT_EQ(request.method, "POST");
    EXPECT_EQ(request.target, "/gateway/test");
    EXPECT_EQ(request.headers["Host"], fmt::format("127.0.0.1:{}", bus.port()));
    EXPECT_EQ(request.headers["Content-Type"], "application/json");
    EXPECT_EQ(request.headers["ce-specversion"], "1.0");
    EXPECT_EQ(request.headers["ce-source"], "relay");
    EXPECT_EQ(request.headers["ce-type"], "tencent-cloud-cos-event");
    EXPECT_THAT(std::string(request.headers["ce-time"]),
                MatchesRegex("[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}(\\.[0-9]+)?Z"));
    EXPECT_THAT(
        request.id(),
        MatchesRegex("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"));
  }
  EXPECT_NE(seen[0].id(), seen[1].id());
}

TEST_F(HttpContract, RecordsOfRealPayloadsArriveByteForByte) {
  for (const char* name :
       {"01-doc-current-created-star.json", "03-scfcli-delete-space-in-eventname.json",
        "08-captured-2020-put-nonzero-reqid.json", "12-community-test-percent-encoded-key.json",
        "15-midway-doc-empty-key.json"}) {
    SCOPED_TRACE(name);
    ScriptedEventbus fresh;
    const RunningGateway gateway(loopback_settings(fresh.port()));
    const std::string payload = test_data(name);
    ASSERT_EQ(gateway.post(payload).status, 200u);
    const Requests seen = fresh.requests();
    const json::value parsed = json::parse(payload);
    const json::array& records = parsed.at("Records").as_array();
    ASSERT_EQ(seen.size(), records.size());
    for (std::size_t i = 0; i < seen.size(); ++i) {
      EXPECT_THAT(payload, HasSubstr(seen[i].body));
      EXPECT_EQ(json::parse(seen[i].body), records[i]);
    }
  }
}

TEST_F(HttpContract, NoRecordsIsASuccessOfZero) {
  const RunningGateway gateway(settings);
  const Response answer = gateway.post(R"({"Records":[]})");
  EXPECT_EQ(answer.status, 200u);
  EXPECT_EQ(answer.body, R"({"records":0})");
  EXPECT_THAT(bus.requests(), IsEmpty());
}

TEST_F(HttpContract, NeitherPathNorContentTypeMatters) {
  const RunningGateway gateway(settings);
  HttpClient client = gateway.connect();
  for (const char* target : {"/", "/any/path?and=query", "http://gateway.test/absolute", "/%20"}) {
    SCOPED_TRACE(target);
    client.send(request_text("POST", target, cos_payload(1)));
    EXPECT_EQ(client.response().status, 200u);
  }
  EXPECT_EQ(client.post(cos_payload(1), {{"Content-Type", "text/plain"}}).status, 200u);
  EXPECT_EQ(
      client.post(cos_payload(1), {{"Content-Type", "application/json; charset=utf-8"}}).status,
      200u);
}

TEST_F(HttpContract, RefusedRecordsAreListedIn502) {
  bus.script([](const Request& request) {
    return request.body.find("object-1\"") != std::string::npos ? reply(400) : reply(200);
  });
  const RunningGateway gateway(settings);
  const Response answer = gateway.post(cos_payload(3));
  EXPECT_EQ(answer.status, 502u);
  EXPECT_EQ(answer.headers["Content-Type"], "application/json");
  const json::value body = json::parse(answer.body);
  EXPECT_EQ(body.at("records").to_number<int>(), 3);
  EXPECT_EQ(body.at("delivered").to_number<int>(), 2);
  const json::array& failed = body.at("failed").as_array();
  ASSERT_EQ(failed.size(), 1u);
  EXPECT_EQ(failed[0].at("index").to_number<int>(), 1);
  EXPECT_EQ(failed[0].at("status").to_number<int>(), 400);
  EXPECT_FALSE(failed[0].at("reason").as_string().empty());
}

TEST_F(HttpContract, MalformedPostsAreRefusedWholeAndTheConnectionGoesOn) {
  const std::string record = cos_record("k");
  const std::vector<std::pair<const char*, std::string>> bad{
      {"empty", ""},
      {"not JSON", "hello"},
      {"cut", cos_payload(2).substr(0, 700)},
      {"no Records", "{}"},
      {"an array", "[]"},
      {"Records is an object", R"({"Records":{}})"},
      {"Records is null", R"({"Records":null})"},
      {"a number among the records", R"({"Records":[)" + record + ",1]}"},
      {"a string among the records", R"({"Records":[)" + record + R"(,"x"]})"},
      {"a broken last record", R"({"Records":[)" + record + R"(,{"a":01}]})"},
      {"text behind", cos_payload(1) + "x"},
      {"not UTF-8", R"({"Records":[)" + record + ",{\"a\":\"\xff\"}]}"},
  };
  const RunningGateway gateway(settings);
  HttpClient client = gateway.connect();
  for (const auto& [what, payload] : bad) {
    SCOPED_TRACE(what);
    const Response answer = client.post(payload);
    EXPECT_EQ(answer.status, 400u);
    const json::value body = json::parse(answer.body);
    EXPECT_FALSE(body.at("error").as_string().empty());
    EXPECT_LE(body.at("offset").to_number<std::size_t>(), payload.size());
  }
  EXPECT_THAT(bus.requests(), IsEmpty());
  EXPECT_EQ(client.post(cos_payload(1)).status, 200u);
}

TEST_F(HttpContract, OtherMethodsAreAnswered405WithAllow) {
  const RunningGateway gateway(settings);
  HttpClient client = gateway.connect();
  for (const char* method : {"GET", "PUT", "DELETE", "PATCH", "FOO"}) {
    SCOPED_TRACE(method);
    client.send(request_text(method, "/", ""));
    const Response answer = client.response();
    EXPECT_EQ(answer.status, 405u);
    EXPECT_THAT(std::string(answer.headers["Allow"]), HasSubstr("POST"));
    EXPECT_THAT(std::string(answer.headers["Allow"]), HasSubstr("OPTIONS"));
  }
  client.send(request_text("PUT", "/", cos_payload(2)) + post_text(cos_payload(1)));
  EXPECT_EQ(client.response().status, 405u);
  EXPECT_EQ(client.response().status, 200u);
  EXPECT_EQ(bus.requests().size(), 1u);
}

TEST_F(HttpContract, OptionsAnswersTheWebhookHandshake) {
  const RunningGateway gateway(settings);
  HttpClient client = gateway.connect();
  client.send(request_text("OPTIONS", "/", "", {{"WebHook-Request-Origin", "events.example.com"}}));
  const Response answer = client.response();
  EXPECT_THAT(answer.status, testing::AnyOf(200u, 204u));
  EXPECT_THAT(std::string(answer.headers["WebHook-Allowed-Origin"]),
              testing::AnyOf("*", "events.example.com"));
  EXPECT_TRUE(answer.headers.has("WebHook-Allowed-Rate"));
  EXPECT_THAT(std::string(answer.headers["Allow"]), HasSubstr("POST"));
}

}  // namespace
}  // namespace gateway::test
