#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <iterator>
#include <set>
#include <string>
#include <vector>

#include "support/event_binding.hpp"
#include "support/eventbus_test.hpp"
#include "support/payloads.hpp"

// The `delivery:` and `event:` settings as the eventbus sees them.
namespace gateway::test {
namespace {

namespace json = boost::json;
using testing::HasSubstr;
using EventSettings = EventbusTest;

void expect_cos_event(const json::value& event, const std::string& record) {
  EXPECT_EQ(event.at("specversion"), "1.0");
  EXPECT_EQ(event.at("source"), "relay");
  EXPECT_EQ(event.at("type"), "tencent-cloud-cos-event");
  EXPECT_EQ(event.at("id").as_string().size(), 36u);
  EXPECT_EQ(event.at("data"), json::parse(record));
}

TEST_F(EventSettings, StructuredModeCarriesTheEventInTheBody) {
  bus.next(reply(503));
  settings.delivery.mode = config::Mode::structured;
  const RunningGateway gateway(settings);
  const std::string record = cos_record("a \"b\" 日志");
  EXPECT_EQ(gateway.post(cos_payload({record})).status, 200u);
  const Requests seen = bus.requests();
  ASSERT_EQ(seen.size(), 2u);
  EXPECT_THAT(std::string(seen[0].headers["Content-Type"]),
              testing::StartsWith("application/cloudevents+json"));
  EXPECT_EQ(seen[0].body, seen[1].body);
  EXPECT_THAT(seen[0].body, HasSubstr(record));
  expect_cos_event(json::parse(seen[0].body), record);
}

TEST_F(EventSettings, BatchModeCarriesManyEventsInABody) {
  bus.next(reply(503));
  settings.delivery.mode = config::Mode::batch;
  const RunningGateway gateway(settings);
  const std::vector<std::string> records = cos_records(50);
  EXPECT_EQ(gateway.post(cos_payload(records)).status, 200u);
  const Requests seen = bus.requests();
  EXPECT_LT(seen.size(), 50u);
  std::set<std::string> accepted;
  std::set<std::string> refused;
  for (const Request& request : seen) {
    EXPECT_THAT(std::string(request.headers["Content-Type"]),
                testing::StartsWith("application/cloudevents-batch+json"));
    const json::value batch = json::parse(request.body);
    for (const json::value& event : batch.as_array()) {
      (request.accepted() ? accepted : refused).insert(std::string(event.at("id").as_string()));
    }
  }
  EXPECT_EQ(accepted.size(), records.size());
  EXPECT_THAT(accepted, testing::IsSupersetOf(refused)) << "a retry keeps its id";
  EXPECT_EQ(gateway.snapshot().delivered, 50u);
}

TEST_F(EventSettings, ARefusedBatchFailsItsRecords) {
  bus.script([](const Request&) { return reply(400); });
  settings.delivery.mode = config::Mode::batch;
  const RunningGateway gateway(settings);
  const Response answer = gateway.post(cos_payload(5));
  EXPECT_EQ(answer.status, 502u);
  EXPECT_EQ(json::parse(answer.body).at("failed").as_array().size(), 5u);
}

TEST_F(EventSettings, DataMayBeTheWholeTriggerShape) {
  settings.event.data = config::EventData::records;
  const RunningGateway gateway(settings);
  const std::string record = cos_record("k");
  EXPECT_EQ(gateway.post(cos_payload({record, record})).status, 200u);
  EXPECT_EQ(bus.requests().at(1).body, R"({"Records":[)" + record + "]}");
}

TEST_F(EventSettings, AttributesDescribeTheObject) {
  settings.event.attributes = {"subject", "cosbucket", "cosregion", "coseventname", "coseventtime"};
  const RunningGateway gateway(settings);
  EXPECT_EQ(gateway.post(cos_payload({cos_record("dir/a \"b\" 50% 日志")})).status, 200u);
  const Request seen = bus.requests().at(0);
  EXPECT_EQ(percent_decoded(seen.headers["ce-subject"]), "dir/a \"b\" 50% 日志");
  EXPECT_THAT(std::string(seen.headers["ce-cosbucket"]), testing::StartsWith("pictures"));
  EXPECT_EQ(seen.headers["ce-coseventname"], "cos:ObjectCreated:Put");
  EXPECT_TRUE(seen.headers.has("ce-cosregion"));
  EXPECT_TRUE(seen.headers.has("ce-coseventtime"));
}

TEST_F(EventSettings, StableIdsAreTheSameForTheSamePost) {
  settings.event.id = config::EventId::stable;
  const std::string payload = cos_payload({cos_record("a"), cos_record("b"), cos_record("a")});
  for (int replica = 0; replica < 2; ++replica) {
    const RunningGateway gateway(settings);
    EXPECT_EQ(gateway.post(payload).status, 200u);
  }
  const Requests seen = bus.requests();
  ASSERT_EQ(seen.size(), 6u);
  std::set<std::string> ids;
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(seen[i].id(), seen[i + 3].id());
    ids.insert(seen[i].id());
  }
  EXPECT_EQ(ids.size(), 3u);
}

TEST_F(EventSettings, RedactedHeadersDoNotLeave) {
  settings.event.redact = {"authorization"};
  const RunningGateway gateway(settings);
  EXPECT_EQ(gateway.post(cos_payload(2)).status, 200u);
  for (const Request& request : bus.requests()) {
    EXPECT_THAT(request.body, testing::Not(HasSubstr("q-ak")));
    EXPECT_EQ(json::parse(request.body)
                  .at("event")
                  .at("requestParameters")
                  .at("requestHeaders")
                  .at("Authorization"),
              "");
  }
}

TEST_F(EventSettings, ExtraHeadersAndTheTargetsPathAreSent) {
  settings.target += "/api/{eventbus}/events?x=1";
  settings.delivery.headers.emplace_back("Authorization", Secret("Bearer abc"));
  const RunningGateway gateway(settings);
  EXPECT_EQ(gateway.post(cos_payload(1)).status, 200u);
  const Request seen = bus.requests().at(0);
  EXPECT_EQ(seen.target, "/api/test/events?x=1");
  EXPECT_EQ(seen.headers["Authorization"], "Bearer abc");
}

TEST_F(EventSettings, WithoutAFunctionNameTheSourceIsTheGateway) {
  settings.function.name.clear();
  const RunningGateway gateway(settings);
  EXPECT_EQ(gateway.post(cos_payload(1)).status, 200u);
  EXPECT_EQ(bus.requests().at(0).headers["ce-source"], "cos-gateway");
}

TEST_F(EventSettings, RedactHoldsForEventsThatArePassedOn) {
  const std::string record =
      R"({"event":{"requestParameters":{"requestHeaders":{"Authorization":"q-signature=hush"}}}})";
  const std::string event = R"({"specversion":"1.0","id":"1","source":"s","type":"t","data":)";
  const struct {
    const char* what;
    Headers headers;
    std::string body;
  } rows[] = {
      {"binary",
       {{"ce-specversion", "1.0"},
        {"ce-id", "1"},
        {"ce-source", "s"},
        {"ce-type", "t"},
        {"Content-Type", "application/json"}},
       record},
      {"binary, of no known type",
       {{"ce-specversion", "1.0"}, {"ce-id", "1"}, {"ce-source", "s"}, {"ce-type", "t"}},
       record},
      {"structured", {{"Content-Type", "application/cloudevents+json"}}, event + record + "}"},
      {"a payload",
       {{"Content-Type", "application/cloudevents+json"}},
       event + cos_payload({record, record}) + "}"},
      {"batch",
       {{"Content-Type", "application/cloudevents-batch+json"}},
       "[" + event + record + "}," + event + record + "}]"},
  };
  for (const auto mode : {config::Mode::binary, config::Mode::structured}) {
    ScriptedEventbus fresh;
    settings = loopback_settings(fresh.port());
    settings.event.redact = {"authorization"};
    settings.delivery.mode = mode;
    const RunningGateway gateway(settings);
    for (const auto& row : rows) {
      EXPECT_EQ(gateway.post(row.body, row.headers).status, 200u) << row.what;
    }
    const Requests seen = fresh.requests();
    EXPECT_EQ(seen.size(), std::size(rows) + 1);
    for (const Request& request : seen) {
      EXPECT_THAT(request.body, testing::Not(HasSubstr("hush")));
    }
  }
}

TEST_F(EventSettings, WhatCannotBeSearchedForSecretsIsRefused) {
  settings.event.redact = {"authorization"};
  const RunningGateway gateway(settings);
  Headers binary{{"ce-specversion", "1.0"}, {"ce-id", "1"}, {"ce-source", "s"}, {"ce-type", "t"}};
  for (const char* type : {"application/json", "application/gzip", "text/plain"}) {
    Headers headers = binary;
    headers.add("Content-Type", type);
    const Response answer = gateway.post("{'Authorization':'q-signature'}", headers);
    EXPECT_EQ(answer.status, 422u) << type;
    EXPECT_EQ(json::parse(answer.body).at("index"), 0);
  }
  const std::string event = R"({"specversion":"1.0","id":"1","source":"s","type":"t")";
  EXPECT_EQ(json::parse(gateway
                            .post("[" + event + "}," + event + R"(,"data_base64":"H4sIAA=="}])",
                                  {{"Content-Type", "application/cloudevents-batch+json"}})
                            .body)
                .at("index"),
            1);
  EXPECT_THAT(bus.requests(), testing::IsEmpty());
  EXPECT_EQ(gateway.post("words", binary).status, 422u);
  binary.add("Content-Type", "text/plain");
  EXPECT_EQ(gateway.post("words", binary).status, 200u);
}

TEST_F(EventSettings, AllOfThemTogether) {
  for (const auto mode : {config::Mode::binary, config::Mode::structured, config::Mode::batch}) {
    ScriptedEventbus fresh;
    settings = loopback_settings(fresh.port());
    settings.delivery.mode = mode;
    settings.event.id = config::EventId::stable;
    settings.event.attributes = {"subject", "cosbucket", "coseventname"};
    settings.event.redact = {"Authorization"};
    const RunningGateway gateway(settings);
    EXPECT_EQ(gateway.post(cos_payload({cos_record("a\tb"), cos_record("c")})).status, 200u);
    // Records so small that their members would take more room than they do.
    EXPECT_EQ(gateway.post(R"({"Records":[{},{"a":1}]})").status, 200u);
    std::string all;
    for (const Request& request : fresh.requests()) {
      for (const auto& field : request.headers.fields()) {
        all += field.name + ":" + field.value + "\n";
      }
      all += request.body;
    }
    EXPECT_THAT(all, testing::Not(HasSubstr("q-ak")));
    EXPECT_THAT(all, testing::Not(HasSubstr("%09")));
    EXPECT_THAT(all, HasSubstr("pictures"));
  }
}

}  // namespace
}  // namespace gateway::test
