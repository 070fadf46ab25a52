#include "gateway/observe/top_text.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace gateway::observe {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr std::string_view kStatus = R"({"version":"1.2.3","host":"pod-1","state":"failing",
  "problem":"the eventbus http://bus/ answers 404 'no such bus'; posts fail with 502; check `eventbus`",
  "uptime_seconds":7260,"threads":2,"target":"http://bus/gateway/orders","queue":{"events":7},
  "in_flight":{"events":9,"post_bytes":3072},"client_connections":8,
  "limits":{"connections":10000,"in_flight_bytes":67108864,"spool_bytes":10240},
  "spool":{"state":"ok","error":"","events":5,"bytes":5120},"dead_letters":null,
  "provisioning":{"state":"failed","step":"","last_error":"the role needs scf:CreateFunction"},
  "counters":{"posts":{"200":150,"401":0,"502":20},"events_delivered":149,"records_received":200,
    "events_failed":{"refused":20,"deadline":1},"events_retried":{"404":0,"500":3},
    "events_spooled":5,"events_dead_lettered":0},
  "post_duration":{"bounds":[0.001,0.01],"counts":[100,60,10]},
  "recent_failures":[{"time":"2026-01-02T03:04:05.678Z","outcome":"failed","status":404,
    "key":"a/b","reason":"no such bus"}],
  "shards":[{"eventbus_connections":[
      {"state":"ready","address":"10.0.0.1:80","in_flight":2,"last_error":""},
      {"state":"ready","address":"10.0.0.1:80","in_flight":3,"last_error":"refused"}]},
    null,
    {"eventbus_connections":[{"state":"idle","address":"","in_flight":0,"last_error":""}]}]})";

boost::json::value status() {
  return parsed_json(kStatus);
}

std::vector<Line> lines_of(const boost::json::value& now,
                           const boost::json::value* before = nullptr, std::size_t columns = 0) {
  return top_text(JsonPart(&now), JsonPart(before), std::chrono::seconds(2), columns);
}

std::string text_of(const std::vector<Line>& lines, std::size_t columns = 0) {
  std::string text;
  for (const Line& line : lines) text += line.text(columns, false) + "\n";
  return text;
}

TEST(TopText, WhatIsNotSaidIsEmpty) {
  for (const char* little :
       {"[]", "{}", R"({"counters":[],"shards":{},"limits":1,"uptime_seconds":-5,"spool":"x"})"}) {
    const std::string text = text_of(lines_of(parsed_json(little), nullptr, 80));
    for (const char* part : {"?  cos-gateway     up 0 s  threads 0", "Events", "no connection",
                             "received                                 0", "connections 0 of 0"}) {
      EXPECT_THAT(text, HasSubstr(part)) << little;
    }
  }
}

TEST(TopText, SaysWhatTheStatusPageSays) {
  const std::string text = text_of(lines_of(status()));
  for (const char* part :
       {"failing  cos-gateway 1.2.3  pod-1  up 2 h", "http://bus/gateway/orders",
        "check `eventbus`", "delivered", "149", "given up                                21",
        "retried                                  3", "502", "8 of 10000", "3 KiB of 64 MiB",
        "10.0.0.1:80  2 ready, in flight 5", "refused", "no address yet",
        "5 events, 5 KiB of 10 KiB (50 %)", "provisioning  failed", "scf:CreateFunction",
        "03:04:05  failed 404  a/b  no such bus"}) {
    EXPECT_THAT(text, HasSubstr(part));
  }
  EXPECT_THAT(text, Not(HasSubstr("401"))) << "none has been answered so";
}

TEST(TopText, MakesRatesOfTwoLooks) {
  boost::json::value before = status();
  before.at("counters").as_object()["records_received"] = 100;
  before.at("counters").at("posts").as_object()["200"] = 50;
  before.at("spool").as_object()["bytes"] = 4096;
  before.at("post_duration").as_object()["counts"] = {100, 60, 8};
  const std::string text = text_of(lines_of(status(), &before));
  EXPECT_THAT(text, HasSubstr("received              50.0             200"));
  EXPECT_THAT(text, HasSubstr("200                   50.0             150"));
  EXPECT_THAT(text, HasSubstr("full in 10 s"));
  EXPECT_THAT(text, HasSubstr("median > 10 ms"));
  before.at("counters").as_object()["records_received"] = 300;  // it has been started anew
  EXPECT_THAT(text_of(lines_of(status(), &before)),
              HasSubstr("received                               200"));
}

TEST(TopText, FitsAnyWidthAndTellsTheProblemToItsEnd) {
  for (const std::size_t columns : {40U, 60U, 80U, 140U}) {
    std::string problem;
    for (const Line& line : lines_of(status(), nullptr, columns)) {
      const std::string text = line.text(columns, false);
      EXPECT_LE(text.size(), columns);
      problem += text + " ";
    }
    EXPECT_THAT(problem, HasSubstr("posts fail with 502; check `eventbus` "));
  }
}

}  // namespace
}  // namespace gateway::observe
