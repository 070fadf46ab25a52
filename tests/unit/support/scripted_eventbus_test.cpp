#include "support/scripted_eventbus.hpp"

#include <gtest/gtest-spi.h>
#include <gtest/gtest.h>

#include <system_error>

#include "testkit/http_client.hpp"

namespace gateway::test {
namespace {

using namespace std::chrono_literals;

std::string event_text(std::string_view id) {
  return post_text("{}", {{"Content-Type", "application/json"},
                          {"ce-specversion", "1.0"},
                          {"ce-id", std::string(id)},
                          {"ce-source", "s"},
                          {"ce-type", "t"}});
}

TEST(ScriptedEventbus, AnswersPipelinedRequestsInOrderAndRemembersThem) {
  ScriptedEventbus bus;
  bus.next(reply(503, {{"Retry-After", "1"}}));
  HttpClient client(bus.port());
  client.send(event_text("a") + event_text("b"));
  const Response first = client.response();
  EXPECT_EQ(first.status, 503u);
  EXPECT_EQ(first.headers["retry-after"], "1");
  EXPECT_EQ(client.response().status, 200u);
  ASSERT_TRUE(bus.wait_for_requests(2));
  const Requests seen = bus.requests();
  EXPECT_EQ(seen[0].id(), "a");
  EXPECT_EQ(seen[1].id(), "b");
  EXPECT_EQ(seen[1].connection, 0u);
  EXPECT_EQ(seen[1].on_connection, 1u);
}

TEST(ScriptedEventbus, HoldsAnswersUntilReleasedAndCountsWhatIsInFlight) {
  ScriptedEventbus bus;
  bus.hold();
  HttpClient client(bus.port());
  client.send(event_text("a") + event_text("b") + event_text("c"));
  ASSERT_TRUE(bus.wait_for_requests(3));
  EXPECT_EQ(bus.requests()[2].in_flight, 3u);
  EXPECT_EQ(bus.deepest_pipeline(), 3u);
  EXPECT_FALSE(client.readable(0ms));
  bus.release();
  for (int i = 0; i < 3; ++i) EXPECT_EQ(client.response().status, 200u);
}

TEST(ScriptedEventbus, DelayedAnswersAreNotEarly) {
  ScriptedEventbus bus;
  bus.next(reply(200).after(30ms));
  HttpClient client(bus.port());
  const auto start = std::chrono::steady_clock::now();
  client.send(event_text("a"));
  EXPECT_EQ(client.response().status, 200u);
  EXPECT_GE(std::chrono::steady_clock::now() - start, 30ms);
}

TEST(ScriptedEventbus, EveryKindOfAnswerReads) {
  const std::vector<Action> kinds{reply(204),
                                  reply(200, {}, "text"),
                                  chunked_reply(200, "text"),
                                  reply_until_close(200, "text"),
                                  http10_reply(200),
                                  last_reply(200),
                                  reply(200).slowly(1ms)};
  for (const Action& kind : kinds) {
    SCOPED_TRACE(kind.bytes);
    ScriptedEventbus bus;
    bus.next(kind);
    HttpClient client(bus.port());
    client.send(event_text("a"));
    EXPECT_EQ(client.response().status, kind.status);
    if (kind.then == Action::Then::close) {
      EXPECT_TRUE(client.closed_by_peer());
    }
  }
}

TEST(ScriptedEventbus, InterimAnswersComeBeforeTheFinalOne) {
  ScriptedEventbus bus;
  bus.next(reply_after_interim(200));
  HttpClient client(bus.port());
  client.send(event_text("a"));
  EXPECT_EQ(client.response().status, 100u);
  EXPECT_EQ(client.response().status, 103u);
  EXPECT_EQ(client.response().status, 200u);
}

TEST(ScriptedEventbus, FaultsComeAfterTheAnswersBeforeThem) {
  for (const Action& fault : {close_unanswered(), reset_unanswered()}) {
    ScriptedEventbus bus;
    bus.script(answer_then(1, fault));
    HttpClient client(bus.port());
    client.send(event_text("a") + event_text("b") + event_text("c"));
    EXPECT_EQ(client.response().status, 200u);
    EXPECT_TRUE(client.closed_by_peer());
    ASSERT_TRUE(bus.wait_for_requests(2));
    EXPECT_TRUE(bus.requests()[0].accepted());
    EXPECT_FALSE(bus.requests()[1].accepted());
  }
}

TEST(ScriptedEventbus, HalfAStatusLineIsNoResponse) {
  ScriptedEventbus bus;
  bus.next(half_status_line());
  HttpClient client(bus.port());
  client.send(event_text("a"));
  EXPECT_THROW(client.response(), ProtocolError);
}

TEST(ScriptedEventbus, RefusesConnectionsWhileDownAndKeepsItsPort) {
  ScriptedEventbus bus(ScriptedEventbus::Start::down);
  EXPECT_THROW(HttpClient(bus.port()), std::system_error);
  for (int round = 0; round < 3; ++round) {
    bus.come_up();
    HttpClient client(bus.port());
    client.send(event_text("a"));
    EXPECT_EQ(client.response().status, 200u);
    bus.go_down();
    EXPECT_TRUE(client.closed_by_peer());
    EXPECT_THROW(HttpClient(bus.port()), std::system_error);
  }
}

void send_bad_request(const std::string& bytes) {
  ScriptedEventbus bus;
  HttpClient client(bus.port());
  client.send(bytes);
  [[maybe_unused]] const bool readable = client.readable(1s);
}

TEST(ScriptedEventbus, FailsTheTestWhenARequestBreaksTheRules) {
  EXPECT_NONFATAL_FAILURE(send_bad_request("POST / HTTP/1.1\nHost: a\n\n\r\n\r\n"), "bad request");
  EXPECT_NONFATAL_FAILURE(send_bad_request("POST / HTTP/1.1\r\nHost: a\r\n\r\n"), "Content-Length");
  EXPECT_NONFATAL_FAILURE(send_bad_request(post_text("{}")), "no ce-id");
}

}  // namespace
}  // namespace gateway::test
