#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <string>
#include <utility>
#include <vector>

#include "gateway/observe/event_stream.hpp"
#include "gateway/observe/prometheus.hpp"
#include "gateway/observe/server_sent_events.hpp"
#include "gateway/observe/settled_event.hpp"
#include "gateway/observe/tap_text.hpp"
#include "support/exposition.hpp"

namespace gateway::observe {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

TEST(ServerSentEvent, IsNameDataAndABlankLine) {
  EXPECT_EQ(server_sent_event("tap", "{}"), "event: tap\ndata: {}\n\n");
  EXPECT_EQ(server_sent_event("tap", ""), "event: tap\ndata: \n\n");
}

TEST(ServerSentEvent, NoDataCanEndItEarly) {
  EXPECT_EQ(server_sent_event("x", "a\nb\r\n\rc"),
            "event: x\ndata: a\ndata: b\ndata: \ndata: c\n\n");
}

using Received = std::vector<std::pair<std::string, std::string>>;
Received read(std::string_view text, std::size_t step) {
  EventStreamReader reader;
  Received received;
  for (std::size_t at = 0; at < text.size(); at += step) {
    reader.feed(text.substr(at, step), [&](std::string_view name, std::string_view data) {
      received.emplace_back(name, data);
    });
  }
  return received;
}

TEST(EventStreamReader, ReadsWhatIsWrittenHoweverItIsCut) {
  const std::string stream = "retry: 2000\n\n" + server_sent_event("status", "{\"a\": 1}") +
                             std::string(kHeartbeat) + server_sent_event("tap", "one\ntwo") +
                             "data:bare\r\n\r\nevent: without data\n\nevent: unfinished\ndata: x\n";
  for (const std::size_t step : {1U, 2U, 7U, 1000U}) {
    EXPECT_THAT(read(stream, step), ElementsAre(Pair("status", "{\"a\": 1}"),
                                                Pair("tap", "one\ntwo"), Pair("message", "bare")));
  }
}

TEST(EventStream, StatusIsLeftOutForWhoWantsEventsAlone) {
  EXPECT_TRUE(wants_status("/stream"));
  EXPECT_TRUE(wants_status("/stream?x=1"));
  EXPECT_FALSE(wants_status("/stream?events=tap"));
}

TEST(Shortened, CutsBetweenCharactersAndHidesControlCharacters) {
  EXPECT_EQ(shortened("short", 5), "short");
  EXPECT_EQ(shortened("too long", 6), "too...");
  EXPECT_EQ(shortened("a\r\n\x1b\x7f", 9), "a????");
  // Three bytes each.
  EXPECT_EQ(shortened("\xe4\xb8\xad\xe6\x96\x87\xe4\xb8\xad", 8), "\xe4\xb8\xad...");
  EXPECT_EQ(shortened("\xe4\xb8\xad\xe6\x96\x87", 6), "\xe4\xb8\xad\xe6\x96\x87");
}

SettledEvent settled() {
  SettledEvent event;
  event.time = WallInstant(1'700'000'000'123ms);
  event.type = "cos:ObjectCreated:Put";
  event.key = "a \"b\"/\xe4\xb8\xad.txt";
  event.id = "id";
  event.reason = "no";
  event.bytes = 900;
  event.status = 422;
  event.took = 1500us;
  event.outcome = Outcome::failed;
  return event;
}

TEST(SettledEvent, IsJsonInOneLine) {
  EXPECT_EQ(tap_json(settled()),
            "{\"time\":\"2023-11-14T22:13:20.123Z\",\"type\":\"cos:ObjectCreated:Put\","
            "\"key\":\"a \\\"b\\\"/\xe4\xb8\xad.txt\",\"bytes\":900,\"outcome\":\"failed\","
            "\"status\":422,\"seconds\":0.001500,\"id\":\"id\"}");
  const auto failure = boost::json::parse(failure_json(settled())).as_object();
  EXPECT_EQ(failure.at("reason"), "no");
  EXPECT_EQ(failure.at("outcome"), "failed");
}

TEST(SettledEvent, AKeyThatIsNoUtf8IsStillJson) {
  SettledEvent event = settled();
  event.key = "\xff\xfe";
  EXPECT_NO_THROW(boost::json::parse(tap_json(event)));
}

TEST(TapText, IsALineForPeople) {
  const auto line = tap_line(tap_json(settled()), TapFilter(), 0);
  ASSERT_TRUE(line);
  for (const char* part : {"2023-11-14T22:13:20.123Z", "failed 422", "1.5 ms", "900",
                           "cos:ObjectCreated:Put", "a \"b\"/"}) {
    EXPECT_THAT(line->text(0, false), HasSubstr(part));
  }
  EXPECT_THAT(line->text(0, false), testing::Not(HasSubstr("\n")));
}

TEST(TapText, ShowsTheKeyOnANarrowTerminalToo) {
  for (const std::size_t columns : {60U, 80U, 119U}) {
    const auto line = tap_line(tap_json(settled()), TapFilter(), columns);
    ASSERT_TRUE(line);
    const std::string text = line->text(columns, false);
    EXPECT_LE(text.size(), columns);
    for (const char* part : {"22:13:20 ", "failed 422", "1.5 ms", "a \"b\"/"}) {
      EXPECT_THAT(text, HasSubstr(part));
    }
  }
  const auto wide = tap_line(tap_json(settled()), TapFilter(), 140);
  EXPECT_THAT(wide->text(140, false), HasSubstr("cos:ObjectCreated:Put"));
}

TEST(TapText, TheFilterIsAnOutcomeOrTheBeginningOfAKey) {
  const std::string event = tap_json(settled());
  for (const char* yes : {"", "failed", "a", "a \"b\""}) {
    EXPECT_TRUE(tap_admits(event, TapFilter(yes))) << yes;
  }
  for (const char* no : {"delivered", "dead_lettered", "spooled", "b", "fail"}) {
    EXPECT_FALSE(tap_admits(event, TapFilter(no))) << no;
    EXPECT_FALSE(tap_line(event, TapFilter(no), 0)) << no;
  }
}

TEST(TapText, WhatIsNoEventIsPassedOver) {
  for (const char* text : {"", "[]", "{", "1"})
    EXPECT_FALSE(tap_line(text, TapFilter(), 0)) << text;
  EXPECT_TRUE(tap_line("{\"key\":1,\"seconds\":\"x\"}", TapFilter(), 0));
}

TEST(ProcessMetrics, HaveTheStandardNamesAndPlausibleValues) {
  ProcessState state;
  state.usage = read_process_usage();
  state.part_failures = 7;
  const auto page = test::parse_exposition(prometheus_text(state, take_snapshot({})));
  EXPECT_GE(page.total("process_open_fds"), 3);
  EXPECT_GE(page.total("process_max_fds"), page.total("process_open_fds"));
  EXPECT_GT(page.total("process_resident_memory_bytes"), 1e5);
  EXPECT_GT(page.total("process_cpu_seconds_total"), 0);
  const double now =
      std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
  EXPECT_LE(page.total("process_start_time_seconds"), now + 2);
  EXPECT_GT(page.total("process_start_time_seconds"), now - 3600);
  EXPECT_EQ(page.total("cos_gateway_part_failures_total"), 7);
}

}  // namespace
}  // namespace gateway::observe
