#include "testkit/fault_bus.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <system_error>

#include "testkit/http_client.hpp"

namespace gateway::test {
namespace {

using std::chrono::milliseconds;

Schedule schedule(std::string_view text) {
  auto parsed = Schedule::parse(text);
  EXPECT_TRUE(parsed) << parsed.error();
  return *parsed;
}

std::string event(const std::string& id) {
  return post_text(R"({"a":1})", {{"Content-Type", "application/json"},
                                  {"ce-specversion", "1.0"},
                                  {"ce-id", id},
                                  {"ce-source", "s"},
                                  {"ce-type", "t"}});
}

class FaultBusTest : public testing::Test {
 protected:
  // Stops the bus; returns what the oracle knows of the event.
  Oracle::Event arrived(FaultBus& bus, const std::string& id) const {
    bus.stop();
    return oracle_.event(id).value();
  }
  Oracle oracle_;
};

TEST_F(FaultBusTest, TakesPipelinedEventsOfEveryContentMode) {
  FaultBus bus(schedule("mix(200=1)"), 1, oracle_);
  HttpClient client(bus.port());
  client.send(event("1") +
              post_text(R"({"specversion":"1.0","id":"2","source":"s","type":"t","data":1})",
                        {{"Content-Type", "application/cloudevents+json"}}) +
              post_text(R"([{"specversion":"1.0","id":"3","source":"s","type":"t"}])",
                        {{"Content-Type", "application/cloudevents-batch+json"}}));
  for (int i = 0; i < 3; ++i) EXPECT_EQ(client.response().status, 200U);
  EXPECT_EQ(arrived(bus, "1").acknowledged, 1U);
  EXPECT_EQ(bus.taken(), 3U);
  EXPECT_EQ(arrived(bus, "2").acknowledged, 1U);
  EXPECT_EQ(arrived(bus, "3").acknowledged, 1U);
}

TEST_F(FaultBusTest, AFailureDoesNotTakeTheEvent) {
  FaultBus bus(schedule("mix(503=1)"), 1, oracle_);
  HttpClient client(bus.port());
  client.send(event("1"));
  EXPECT_EQ(client.response().status, 503U);
  EXPECT_EQ(arrived(bus, "1").attempts, 1U);
  EXPECT_EQ(arrived(bus, "1").taken, 0U);
}

TEST_F(FaultBusTest, GivesARetryAfterWhereTheMixSaysSo) {
  FaultBus bus(schedule("mix(429r=1)"), 1, oracle_);
  HttpClient client(bus.port());
  client.send(event("1"));
  EXPECT_TRUE(client.response().headers.has("Retry-After"));
}

TEST_F(FaultBusTest, ACutOrResetTakesTheEventAndAnswersNothing) {
  for (const char* const text : {"mix(cut=1)", "mix(reset=1)"}) {
    FaultBus bus(schedule(text), 1, oracle_);
    HttpClient client(bus.port());
    client.send(event(text));
    EXPECT_TRUE(client.closed_by_peer()) << text;
    EXPECT_EQ(arrived(bus, text).taken, 1U) << text;
    EXPECT_EQ(arrived(bus, text).acknowledged, 0U) << text;
  }
}

TEST_F(FaultBusTest, ACutComesAfterTheAnswersBeforeIt) {
  FaultBus bus(schedule("mix(200=3,cut=1)"), 5, oracle_);
  HttpClient client(bus.port());
  std::string events;
  for (int i = 0; i < 100; ++i) events += event(std::to_string(i));
  client.send_until_answered(events);
  std::uint64_t answers = 0;
  while (const auto response = client.read()) {
    EXPECT_EQ(response->status, 200U);
    ++answers;
  }
  bus.stop();
  EXPECT_EQ(bus.taken(), answers + 1) << "the last one was taken and not answered";
}

TEST_F(FaultBusTest, BrokenAnswersAreFollowedByTheEnd) {
  struct Case {
    const char* mix;
    Fault::Kind kind;
  };
  for (const Case& it :
       {Case{"mix(half=1)", Fault::Kind::half}, Case{"mix(garbage=1)", Fault::Kind::garbage}}) {
    FaultBus bus(schedule(it.mix), 1, oracle_);
    HttpClient client(bus.port());
    client.send(event("1"));
    EXPECT_TRUE(client.readable(HttpClient::kPatience));
    bool response = false;
    try {
      response = client.read().has_value();
    } catch (const std::runtime_error&) {  // what came is no HTTP
    }
    EXPECT_FALSE(response) << it.mix;
    bus.stop();
    EXPECT_EQ(bus.done(it.kind), 1U);
    EXPECT_EQ(arrived(bus, "1").acknowledged, 0U);
  }
}

TEST_F(FaultBusTest, ASurplusAnswerIsAFailureAndTheLastOne) {
  FaultBus bus(schedule("mix(surplus=1)"), 1, oracle_);
  HttpClient client(bus.port());
  client.send(event("1"));
  EXPECT_EQ(client.response().status, 200U);
  EXPECT_EQ(client.response().status, 500U);
  EXPECT_TRUE(client.closed_by_peer());
}

TEST_F(FaultBusTest, AStalledConnectionStaysOpenAndSilent) {
  FaultBus bus(schedule("dead"), 1, oracle_);
  HttpClient client(bus.port());
  client.send(event("1"));
  EXPECT_FALSE(client.readable(milliseconds(100)));
  EXPECT_EQ(arrived(bus, "1").taken, 0U);
}

TEST_F(FaultBusTest, ClosesConnectionsRightAfterAccept) {
  FaultBus bus(schedule("mix(close-early=1)"), 1, oracle_);
  HttpClient client(bus.port());
  EXPECT_TRUE(client.closed_by_peer());
  EXPECT_EQ(bus.done(Fault::Kind::close_early), 1U);
}

TEST_F(FaultBusTest, RefusesConnectionsWhileDownAndComesBackOnTheSamePort) {
  FaultBus bus(schedule("healthy"), 1, oracle_);
  HttpClient client(bus.port());
  client.send(event("1"));
  EXPECT_EQ(client.response().status / 100, 2U);
  bus.follow(schedule("down"));
  EXPECT_TRUE(client.closed_by_peer());
  EXPECT_THROW(HttpClient(bus.port()), std::system_error);
  bus.follow(schedule("healthy"));
  HttpClient again(bus.port());
  again.send(event("2"));
  EXPECT_EQ(again.response().status / 100, 2U);
}

TEST_F(FaultBusTest, PhasesChangeByThemselves) {
  FaultBus bus(schedule("down 30ms; healthy"), 1, oracle_);
  const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  bool connected = false;
  while (!connected && std::chrono::steady_clock::now() < limit) {
    try {
      HttpClient client(bus.port());
      connected = true;
    } catch (const std::system_error&) {  // not yet
    }
  }
  EXPECT_TRUE(connected);
}

TEST_F(FaultBusTest, AnswersAfterTheLatencyAndReadsSlowlyWhenTold) {
  FaultBus bus(schedule("healthy latency=50ms read=64B"), 1, oracle_);
  HttpClient client(bus.port());
  const auto begin = std::chrono::steady_clock::now();
  client.send(event("1"));
  EXPECT_EQ(client.response().status / 100, 2U);
  // The request is longer than two reads, each of which waits 10 ms.
  EXPECT_GE(std::chrono::steady_clock::now() - begin, milliseconds(70));
}

TEST_F(FaultBusTest, RefusesWhatIsNoEventAndCountsIt) {
  FaultBus bus(schedule("healthy"), 1, oracle_);
  HttpClient client(bus.port());
  client.send(post_text("{}"));
  EXPECT_EQ(client.response().status, 400U);
  EXPECT_TRUE(client.closed_by_peer());
  EXPECT_EQ(bus.malformed(), 1U);
}

}  // namespace
}  // namespace gateway::test
