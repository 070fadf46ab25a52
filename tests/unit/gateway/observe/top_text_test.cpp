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

StatusFigures figures() {
  const auto read = read_status(kStatus);
  EXPECT_TRUE(read);
  return read.value_or(StatusFigures());
}

std::string text_of(const std::vector<Line>& lines, std::size_t columns = 0) {
  std::string text;
  for (const Line& line : lines) text += line.text(columns, false) + "\n";
  return text;
}

std::uint64_t posts_of(const StatusFigures& figures) {
  std::uint64_t sum = 0;
  for (const auto& [status, count] : figures.posts) sum += count;
  return sum;
}

TEST(StatusFigures, AreReadFromStatus) {
  const StatusFigures read = figures();
  EXPECT_EQ(read.state, "failing");
  EXPECT_THAT(read.problem, HasSubstr("404 'no such bus'"));
  EXPECT_EQ(posts_of(read), 170U);
  EXPECT_EQ(read.received, 200U);
  EXPECT_EQ(read.failed, 21U);
  EXPECT_EQ(read.retried, 3U);
  ASSERT_EQ(read.buses.size(), 2U);
  EXPECT_EQ(read.buses[0].in_flight, 5U);
  EXPECT_EQ(read.buses[0].states.at("ready"), 2U);
  EXPECT_EQ(read.buses[0].last_error, "refused");
  ASSERT_TRUE(read.spool);
  EXPECT_EQ(read.spool->events, 5U);
  EXPECT_FALSE(read.dead_letters);
}

TEST(StatusFigures, WhatIsNotSaidIsEmpty) {
  for (const char* none : {"", "[]", "1", "{", "not JSON"}) EXPECT_FALSE(read_status(none)) << none;
  for (const char* little :
       {"{}", R"({"counters":[],"shards":{},"limits":1,"uptime_seconds":-5,"spool":"x"})"}) {
    const auto read = read_status(little);
    ASSERT_TRUE(read);
    EXPECT_EQ(posts_of(*read), 0U);
    EXPECT_EQ(read->uptime_seconds, 0U);
    EXPECT_THAT(text_of(top_text(*read, nullptr, {}, 80)), HasSubstr("Events"));
  }
}

TEST(TopText, SaysWhatTheStatusPageSays) {
  const std::string text = text_of(top_text(figures(), nullptr, {}, 0));
  for (const char* part :
       {"failing  cos-gateway 1.2.3  pod-1  up 2 h", "http://bus/gateway/orders",
        "check `eventbus`", "delivered", "149", "given up", "502", "8 of 10000",
        "3.0 KiB of 64.0 MiB", "10.0.0.1:80  2 ready, in flight 5", "refused", "no address yet",
        "5 events, 5.0 KiB of 10.0 KiB (50 %)", "provisioning  failed", "scf:CreateFunction",
        "03:04:05  failed 404  a/b  no such bus"}) {
    EXPECT_THAT(text, HasSubstr(part));
  }
  EXPECT_THAT(text, Not(HasSubstr("401"))) << "none has been answered so";
}

TEST(TopText, MakesRatesOfTwoLooks) {
  StatusFigures before = figures();
  before.received = 100;
  before.posts["200"] = 50;
  before.spool->bytes = 4096;
  before.post_durations = {100, 60, 8};
  const std::string text =
      text_of(top_text(figures(), &before, std::chrono::duration<double>(2), 0));
  EXPECT_THAT(text, HasSubstr("received              50.0             200"));
  EXPECT_THAT(text, HasSubstr("200                   50.0             150"));
  EXPECT_THAT(text, HasSubstr("full in 10 s"));
  EXPECT_THAT(text, HasSubstr("median > 10 ms"));
  before.received = 300;  // it has been started anew
  EXPECT_THAT(text_of(top_text(figures(), &before, std::chrono::duration<double>(2), 0)),
              HasSubstr("received                               200"));
}

TEST(TopText, FitsAnyWidthAndTellsTheProblemToItsEnd) {
  for (const std::size_t columns : {40U, 60U, 80U, 140U}) {
    std::string problem;
    for (const Line& line : top_text(figures(), nullptr, {}, columns)) {
      const std::string text = line.text(columns, false);
      EXPECT_LE(text.size(), columns);
      problem += text + " ";
    }
    EXPECT_THAT(problem, HasSubstr("posts fail with 502; check `eventbus` "));
  }
}

}  // namespace
}  // namespace gateway::observe
