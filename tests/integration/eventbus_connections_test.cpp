#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "support/eventbus_test.hpp"
#include "support/payloads.hpp"
#include "testkit/eventually.hpp"

// How connections to the eventbus end and are replaced.
namespace gateway::test {
namespace {

using namespace std::chrono_literals;
using EventbusConnections = EventbusTest;

// Ends each connection with its answer number `last`, and says so.
ScriptedEventbus::Script ends_after(std::size_t last) {
  return [last](const Request& request) {
    if (request.on_connection + 1 < last) return reply(200);
    return request.on_connection + 1 == last ? last_reply(200) : close_unanswered();
  };
}

config::Settings automatic(const ScriptedEventbus& bus) {
  config::Settings settings = loopback_settings(bus.port());
  settings.delivery.pipeline = 0;
  return settings;
}

TEST_F(EventbusConnections, AnAnnouncedEndIsNoOddity) {
  bus.script(ends_after(20));
  const RunningGateway gateway(automatic(bus));
  HttpClient client = gateway.connect();
  for (int i = 0; i < 10; ++i) EXPECT_EQ(client.post(cos_payload(100)).status, 200u);
  const Requests seen = bus.requests();
  std::set<std::string> accepted;
  for (const Request& request : seen) {
    if (request.accepted()) EXPECT_TRUE(accepted.insert(request.id()).second) << "twice";
  }
  EXPECT_EQ(accepted.size(), 1000u);
  EXPECT_GE(bus.deepest_pipeline(), 8u) << "the depth outlives the connection";
}

TEST_F(EventbusConnections, TheNumberOfRequestsOfAConnectionIsLearned) {
  bus.script(ends_after(20));
  const RunningGateway gateway(automatic(bus));
  HttpClient client = gateway.connect();
  EXPECT_EQ(client.post(cos_payload(200)).status, 200u);
  const std::size_t learned = bus.requests().size();
  for (int i = 0; i < 5; ++i) EXPECT_EQ(client.post(cos_payload(100)).status, 200u);
  const Requests seen = bus.requests();
  for (std::size_t i = learned; i < seen.size(); ++i) {
    EXPECT_LT(seen[i].on_connection, 20u) << "it would have been sent for nothing";
  }
}

TEST_F(EventbusConnections, AServerThatNoLongerEndsThemIsNoticed) {
  bus.script(ends_after(10));
  const RunningGateway gateway(automatic(bus));
  HttpClient client = gateway.connect();
  EXPECT_EQ(client.post(cos_payload(100)).status, 200u);
  bus.script([](const Request&) { return reply(200); });
  EXPECT_EQ(client.post(cos_payload(200)).status, 200u);
  const Requests seen = bus.requests();
  EXPECT_TRUE(
      std::ranges::any_of(seen, [](const Request& request) { return request.on_connection > 20; }));
}

// As a server with one thread, which serves a connection until that ends.
TEST_F(EventbusConnections, EventsOnOneThatIsNotServedGoToThoseThatAre) {
  bus.script(
      [](const Request& request) { return request.connection == 0 ? reply(200) : never_answer(); });
  settings = automatic(bus);
  settings.delivery.connections = 0;
  const RunningGateway gateway(settings);
  HttpClient client = gateway.connect();
  const auto begun = std::chrono::steady_clock::now();
  EXPECT_EQ(client.post(cos_payload(100)).status, 200u);
  EXPECT_LT(std::chrono::steady_clock::now() - begun, settings.delivery.timeout);
  const std::size_t so_far = bus.requests().size();
  for (int i = 0; i < 5; ++i) EXPECT_EQ(client.post(cos_payload(100)).status, 200u);
  const Requests seen = bus.requests();
  for (std::size_t i = so_far; i < seen.size(); ++i) EXPECT_EQ(seen[i].connection, 0u);
  EXPECT_EQ(gateway.snapshot().retried_total(), seen.size() - 600);
}

TEST_F(EventbusConnections, EventsAreNotSentBehindAnAnswerThatTakesLong) {
  settings = automatic(bus);
  settings.delivery.connections = 2;
  settings.ingress.grace = 0s;
  const RunningGateway gateway(settings);
  ASSERT_EQ(gateway.post(cos_payload(1000)).status, 200u);
  ASSERT_GT(bus.deepest_pipeline(), 20u);
  bus.next(never_answer());
  const std::size_t before = bus.requests().size();
  std::vector<HttpClient> clients;
  std::size_t behind = 0;
  std::size_t elsewhere = 0;  // the last ones of them
  const auto send_one = [&] {
    clients.push_back(gateway.connect());
    clients.back().send(post_text(cos_payload(1)));
    if (!bus.wait_for_requests(before + clients.size())) {
      ADD_FAILURE() << "it was not sent at all";
      return true;
    }
    const Requests seen = bus.requests();
    const bool is_behind = seen.back().connection == seen[before].connection;
    behind += is_behind ? 1 : 0;
    elsewhere = is_behind ? 0 : elsewhere + 1;
    return elsewhere == 10;
  };
  EXPECT_TRUE(eventually(send_one, 10s, 20ms));
  EXPECT_LE(behind, 6u) << "the first ones, of 100 ms";
}

// The rest of its body holds the only place that there is.
TEST_F(EventbusConnections, OneWhoseAnswerDoesNotEndIsGivenUp) {
  Action endless = reply(200, {}, "a body of which the end is missing");
  endless.bytes.resize(endless.bytes.size() - 1);
  settings.delivery.connections = 1;
  settings.delivery.pipeline = 1;
  settings.delivery.timeout = 300ms;
  settings.delivery.deadline = 10s;
  bus.next(endless);
  const RunningGateway gateway(settings);
  EXPECT_EQ(gateway.post(cos_payload(1)).status, 200u);
  EXPECT_EQ(gateway.post(cos_payload(1)).status, 200u);
  EXPECT_EQ(bus.requests().back().connection, 1u);
}

TEST_F(EventbusConnections, IdleOnesAreClosedAndNotUsedAgain) {
  settings.delivery.idle_timeout = 200ms;
  const RunningGateway gateway(settings);
  EXPECT_EQ(gateway.post(cos_payload(1)).status, 200u);
  EXPECT_TRUE(bus.wait_until_closed(0));
  EXPECT_EQ(gateway.post(cos_payload(1)).status, 200u);
  EXPECT_EQ(bus.requests().back().connection, 1u);
  EXPECT_EQ(gateway.snapshot().retried_total(), 0u);
}

TEST_F(EventbusConnections, AnIdleOneThatEndsWithA408IsNoOddity) {
  bus.script([](const Request&) {
    Action action = reply(200).then_close();
    action.bytes += "HTTP/1.1 408 Request Time-out\r\nConnection: close\r\n\r\n";
    return action;
  });
  const RunningGateway gateway(automatic(bus));
  HttpClient client = gateway.connect();
  for (std::size_t i = 0; i < 10; ++i) {
    EXPECT_EQ(client.post(cos_payload(1)).status, 200u);
    ASSERT_TRUE(bus.wait_until_closed(i));
  }
  bus.script([](const Request&) { return reply(200); });
  EXPECT_EQ(client.post(cos_payload(200)).status, 200u);
  EXPECT_EQ(gateway.snapshot().retried_total(), 0u);
  EXPECT_GE(bus.deepest_pipeline(), 8u) << "nothing is held against the eventbus";
}

TEST_F(EventbusConnections, OldOnesAreReplacedWithoutAnyEventNoticing) {
  settings.delivery.max_age = 300ms;
  const RunningGateway gateway(settings);
  HttpClient client = gateway.connect();
  const auto end = std::chrono::steady_clock::now() + 1500ms;
  std::size_t posts = 0;
  for (; std::chrono::steady_clock::now() < end; ++posts) {
    ASSERT_EQ(client.post(cos_payload(2)).status, 200u);
  }
  EXPECT_GE(bus.connections(), 3u);
  EXPECT_LE(bus.open_connections(), 2u);
  EXPECT_EQ(bus.requests().size(), 2 * posts) << "nothing is sent twice";
  EXPECT_EQ(gateway.snapshot().retried_total(), 0u);
}

}  // namespace
}  // namespace gateway::test
