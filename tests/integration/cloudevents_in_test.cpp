#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <string>
#include <vector>

#include "support/event_binding.hpp"
#include "support/eventbus_test.hpp"
#include "support/payloads.hpp"

// Events that already are CloudEvents are passed on as they are.
namespace gateway::test {
namespace {

namespace json = boost::json;
using testing::IsEmpty;
using CloudEventsIn = EventbusTest;

constexpr const char* kStructured = "application/cloudevents+json";
constexpr const char* kBatch = "application/cloudevents-batch+json";

Headers binary_headers() {
  return {{"Content-Type", "application/xml"},
          {"ce-specversion", "1.0"},
          {"ce-id", "A234-1234-1234"},
          {"ce-source", "/mycontext/4"},
          {"ce-type", "com.example.some%20event"},
          {"ce-time", "2018-04-05T17:31:00.123Z"},
          {"ce-subject", "a%20%22b%22%20%25%20%E2%82%AC"},
          {"ce-comexampleextension1", "value"}};
}

std::string decoded(const Request& request, std::string_view name) {
  return percent_decoded(request.headers[name]);
}

TEST_F(CloudEventsIn, ABinaryEventKeepsAttributesAndData) {
  const RunningGateway gateway(settings);
  const std::string data("<a>\0\xff</a>", 9);
  const Response answer = gateway.post(data, binary_headers());
  EXPECT_EQ(answer.status, 200u);
  EXPECT_EQ(answer.body, R"({"records":1})");
  const Requests seen = bus.requests();
  ASSERT_EQ(seen.size(), 1u);
  EXPECT_EQ(seen[0].target, "/gateway/test");
  EXPECT_EQ(seen[0].id(), "A234-1234-1234");
  EXPECT_EQ(seen[0].headers["ce-source"], "/mycontext/4");
  EXPECT_EQ(decoded(seen[0], "ce-type"), "com.example.some event");
  EXPECT_EQ(seen[0].headers["ce-time"], "2018-04-05T17:31:00.123Z");
  EXPECT_EQ(decoded(seen[0], "ce-subject"), "a \"b\" % \u20ac");
  EXPECT_EQ(seen[0].headers["ce-comexampleextension1"], "value");
  EXPECT_EQ(seen[0].headers["Content-Type"], "application/xml");
  EXPECT_EQ(seen[0].body, data);
}

TEST_F(CloudEventsIn, OtherHeadersStayBehind) {
  const RunningGateway gateway(settings);
  Headers headers = binary_headers();
  headers.add("Authorization", "Bearer secret");
  headers.add("X-Forwarded-For", "10.0.0.1");
  EXPECT_EQ(gateway.post("<a/>", headers).status, 200u);
  const Requests seen = bus.requests();
  EXPECT_FALSE(seen.at(0).headers.has("Authorization"));
  EXPECT_FALSE(seen.at(0).headers.has("X-Forwarded-For"));
}

TEST_F(CloudEventsIn, AnEventWithoutDataIsPassedOn) {
  const RunningGateway gateway(settings);
  EXPECT_EQ(
      gateway
          .post("",
                {{"ce-specversion", "1.0"}, {"ce-id", "1"}, {"ce-source", "s"}, {"ce-type", "t"}})
          .status,
      200u);
  EXPECT_EQ(bus.requests().at(0).body, "");
}

TEST_F(CloudEventsIn, AStructuredEventKeepsAttributesAndData) {
  const RunningGateway gateway(settings);
  const Response answer = gateway.post(
      R"({"specversion":"1.0","id":"x/1","source":"urn:a%20b","type":"t","subject":"日志",)"
      R"("time":"2018-04-05T17:31:00Z","datacontenttype":"application/json","count":5,)"
      R"("data":{"a":[1,2.50,"x"]}})",
      {{"Content-Type", kStructured}});
  EXPECT_EQ(answer.status, 200u) << answer.body;
  const Requests seen = bus.requests();
  ASSERT_EQ(seen.size(), 1u);
  EXPECT_EQ(decoded(seen[0], "ce-id"), "x/1");
  EXPECT_EQ(decoded(seen[0], "ce-source"), "urn:a%20b");
  EXPECT_EQ(decoded(seen[0], "ce-subject"), "日志");
  EXPECT_EQ(seen[0].headers["ce-time"], "2018-04-05T17:31:00Z");
  EXPECT_EQ(seen[0].headers["ce-count"], "5");
  EXPECT_EQ(seen[0].headers["Content-Type"], "application/json");
  EXPECT_EQ(json::parse(seen[0].body), json::parse(R"({"a":[1,2.50,"x"]})"));
}

TEST_F(CloudEventsIn, BinaryDataOfAStructuredEventIsDecoded) {
  const RunningGateway gateway(settings);
  EXPECT_EQ(gateway
                .post(R"({"specversion":"1.0","id":"1","source":"s","type":"t",)"
                      R"("datacontenttype":"application/octet-stream","data_base64":"AAH/"})",
                      {{"Content-Type", "application/cloudevents+json; charset=UTF-8"}})
                .status,
            200u);
  EXPECT_EQ(bus.requests().at(0).body, std::string("\0\1\xff", 3));
  EXPECT_EQ(bus.requests().at(0).headers["Content-Type"], "application/octet-stream");
}

TEST_F(CloudEventsIn, ABatchIsPassedOnEventByEvent) {
  const RunningGateway gateway(settings);
  const Response answer =
      gateway.post(R"([{"specversion":"1.0","id":"1","source":"s","type":"t","data":1},)"
                   R"({"specversion":"1.0","id":"2","source":"s","type":"t","data":"two"},)"
                   R"({"specversion":"1.0","id":"3","source":"s","type":"t"}])",
                   {{"Content-Type", kBatch}});
  EXPECT_EQ(answer.body, R"({"records":3})");
  const Requests seen = bus.requests();
  ASSERT_EQ(seen.size(), 3u);
  EXPECT_EQ(seen[0].id(), "1");
  EXPECT_EQ(seen[0].body, "1");
  EXPECT_EQ(seen[1].id(), "2");
  EXPECT_EQ(seen[2].id(), "3");
  EXPECT_EQ(seen[2].body, "");
}

TEST_F(CloudEventsIn, AnEmptyBatchIsASuccessOfZero) {
  const RunningGateway gateway(settings);
  EXPECT_EQ(gateway.post("[]", {{"Content-Type", kBatch}}).body, R"({"records":0})");
}

TEST_F(CloudEventsIn, WhatIsNoEventIsRefusedWhole) {
  const std::string good = R"({"specversion":"1.0","id":"1","source":"s","type":"t"})";
  struct Bad {
    const char* what;
    Headers headers;
    std::string body;
  };
  const std::vector<Bad> table{
      {"no id", {{"ce-specversion", "1.0"}, {"ce-source", "s"}, {"ce-type", "t"}}, "{}"},
      {"unknown version",
       {{"ce-specversion", "9.0"}, {"ce-id", "1"}, {"ce-source", "s"}, {"ce-type", "t"}},
       "{}"},
      {"structured, no type",
       {{"Content-Type", kStructured}},
       R"({"specversion":"1.0","id":"1","source":"s"})"},
      {"structured, an array", {{"Content-Type", kStructured}}, "[" + good + "]"},
      {"structured, cut", {{"Content-Type", kStructured}}, good.substr(0, 20)},
      {"batch, an object", {{"Content-Type", kBatch}}, good},
      {"batch, a bad second", {{"Content-Type", kBatch}}, "[" + good + R"(,{"id":"2"}])"},
  };
  const RunningGateway gateway(settings);
  HttpClient client = gateway.connect();
  for (const Bad& bad : table) {
    SCOPED_TRACE(bad.what);
    const Response answer = client.post(bad.body, bad.headers);
    EXPECT_EQ(answer.status, 400u);
    EXPECT_TRUE(json::parse(answer.body).as_object().contains("error"));
  }
  EXPECT_THAT(bus.requests(), IsEmpty());
}

TEST_F(CloudEventsIn, ARetryIsTheSameEvent) {
  bus.next(reply(503));
  bus.next(close_unanswered());
  const RunningGateway gateway(settings);
  EXPECT_EQ(gateway.post("<a/>", binary_headers()).status, 200u);
  const Requests seen = bus.requests();
  ASSERT_EQ(seen.size(), 3u);
  for (const Request& request : seen) {
    EXPECT_EQ(request.id(), "A234-1234-1234");
    EXPECT_EQ(request.body, "<a/>");
  }
}

TEST_F(CloudEventsIn, ARefusedEventFailsItsPost) {
  bus.next(reply(404));
  const RunningGateway gateway(settings);
  EXPECT_EQ(gateway.post("<a/>", binary_headers()).status, 502u);
}

TEST_F(CloudEventsIn, WhatEventBridgeSendsIsAnEvent) {
  const RunningGateway gateway(settings);
  const std::string event =
      R"({"specversion":"1.0","id":"13a3","type":"cos:created:object","source":"cos.cloud.tencent",)"
      R"("subject":"qcs::cos:ap-guangzhou:uid1250000000:photos","time":"1615430559146",)"
      R"("region":"ap-guangzhou","datacontenttype":"application/json;charset=utf-8",)"
      R"("data":{"cos":{"cosObject":{"key":"a"}}}})";
  for (const char* type : {"application/json", "application/cloudevents+json"}) {
    EXPECT_EQ(gateway.post(event, {{"Content-Type", type}}).body, R"({"records":1})") << type;
  }
  for (const Request& request : bus.requests()) {
    EXPECT_EQ(request.id(), "13a3");
    EXPECT_EQ(request.headers["ce-time"], "2021-03-11T02:42:39.146Z");
    EXPECT_EQ(request.headers["ce-region"], "ap-guangzhou");
    EXPECT_EQ(request.body, R"({"cos":{"cosObject":{"key":"a"}}})");
  }
  EXPECT_EQ(gateway.post(R"({"specversion":"1.0","id":"1","source":"s"})").status, 400u);
  EXPECT_EQ(gateway.post(R"({"specversion":"1.0","id":"","source":"s","type":"t"})").status, 400u);
}

TEST_F(CloudEventsIn, RecordsOfOtherTriggersHaveATypeOfTheirOwn) {
  const RunningGateway gateway(settings);
  EXPECT_EQ(gateway.post(R"({"Records":[{"Ckafka":{"topic":"t"}},{"cos":{},"event":{}}]})").status,
            200u);
  EXPECT_EQ(bus.requests().at(0).headers["ce-type"], "tencent-cloud-ckafka-event");
  EXPECT_EQ(bus.requests().at(1).headers["ce-type"], "tencent-cloud-cos-event");
}

TEST_F(CloudEventsIn, AContentCodingIsRefusedAtTheHead) {
  const RunningGateway gateway(settings);
  HttpClient client = gateway.connect();
  for (const char* type : {"application/json", kStructured, kBatch}) {
    const Response answer = client.post(
        cos_payload(1), {{"Content-Type", type}, {"content-encoding", "identity, x-gzip"}});
    EXPECT_EQ(answer.status, 415u) << type;
    EXPECT_EQ(answer.headers["Accept-Encoding"], "identity");
  }
  Headers headers = binary_headers();
  headers.add("Content-Encoding", "gzip");
  EXPECT_EQ(client.post("x", headers).status, 415u);
  EXPECT_EQ(client.post(cos_payload(1), {{"Content-Encoding", "identity"}}).status, 200u);
  client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Encoding: br\r\nContent-Length: 5\r\n\r\n");
  EXPECT_EQ(client.response().status, 415u) << "without waiting for the body";
}

}  // namespace
}  // namespace gateway::test
