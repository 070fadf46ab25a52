#include <fmt/format.h>
#include <gtest/gtest.h>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "support/eventbus_test.hpp"
#include "support/payloads.hpp"

// How many connections there may be, and who has to go.
namespace gateway::test {
namespace {

using namespace std::chrono_literals;
using ConnectionLimits = EventbusTest;

std::uint64_t refused(const RunningGateway& gateway, ConnectionLimit limit) {
  return gateway.snapshot().refused[static_cast<std::size_t>(limit)];
}

// The status of a post on a new connection that is told to go, or is served.
unsigned post_on_new(const RunningGateway& gateway) {
  HttpClient client = gateway.connect();
  client.send_until_answered(post_text(cos_payload(1)));
  return client.response().status;
}

TEST_F(ConnectionLimits, OneAddressHasItsShareOnly) {
  settings.ingress.max_per_source = 2;
  RunningGateway gateway(settings);
  HttpClient first = gateway.connect();
  HttpClient second = gateway.connect();
  EXPECT_EQ(first.post(cos_payload(1)).status, 200u);
  EXPECT_EQ(second.post(cos_payload(1)).status, 200u);
  HttpClient third = gateway.connect();
  third.send_until_answered(post_text(cos_payload(1)));
  const Response answer = third.response();
  EXPECT_EQ(answer.status, 503u);
  EXPECT_EQ(answer.body, R"({"error":"too many connections from this address"})");
  EXPECT_TRUE(answer.headers.has("Retry-After"));
  EXPECT_TRUE(third.closed_by_peer());
  EXPECT_EQ(refused(gateway, ConnectionLimit::source), 1u);
  EXPECT_EQ(refused(gateway, ConnectionLimit::total), 0u);
  second.close();
  third.close();
  ASSERT_TRUE(gateway.wait_for([](const auto& now) { return now.connections == 1; }));
  EXPECT_EQ(post_on_new(gateway), 200u) << "there is room again";
  EXPECT_EQ(first.post(cos_payload(1)).status, 200u);
}

TEST_F(ConnectionLimits, TheLongestIdleConnectionMakesRoom) {
  settings.ingress.max_connections = 3;
  settings.ingress.idle_timeout = 2s;  // room is made after an eighth of it
  RunningGateway gateway(settings);
  bus.hold();
  HttpClient busy = gateway.connect();
  busy.send(post_text(cos_payload(1)));
  HttpClient unfinished = gateway.connect();
  unfinished.send("POST / HTTP/1.1\r\n");
  HttpClient idle = gateway.connect();
  ASSERT_TRUE(bus.wait_for_requests(1));
  ASSERT_TRUE(gateway.wait_for([](const auto& now) { return now.connections == 3; }));
  // Told to go until the idle one has been so for long enough.
  std::optional<HttpClient> late;
  const auto until = std::chrono::steady_clock::now() + 10s;
  while (gateway.snapshot().connections_shed == 0) {
    ASSERT_LT(std::chrono::steady_clock::now(), until);
    late.emplace(gateway.connect());
    late->send_until_answered(request_text("OPTIONS", "/", ""));
    static_cast<void>(late->read());
  }
  EXPECT_TRUE(idle.closed_by_peer());
  EXPECT_FALSE(busy.readable(0ms));
  EXPECT_FALSE(unfinished.readable(0ms));
  bus.release();
  EXPECT_EQ(late->post(cos_payload(1)).status, 200u) << "the new one is served";
  EXPECT_EQ(busy.response().status, 200u);
}

TEST_F(ConnectionLimits, ConnectionsAtWorkAreNotClosedForNewOnes) {
  settings.ingress.max_connections = 2;
  RunningGateway gateway(settings);
  bus.hold();
  std::vector<HttpClient> working;
  for (std::size_t i = 0; i < 2; ++i) {
    working.push_back(gateway.connect());
    working.back().send(post_text(cos_payload(1)));
  }
  ASSERT_TRUE(gateway.wait_for([](const auto& now) { return now.received == 2; }));
  EXPECT_EQ(post_on_new(gateway), 503u);
  EXPECT_EQ(refused(gateway, ConnectionLimit::total), 1u);
  EXPECT_EQ(gateway.snapshot().connections_shed, 0u);
  bus.release();
  for (HttpClient& client : working) EXPECT_EQ(client.response().status, 200u);
}

TEST_F(ConnectionLimits, ATricklingBodyIsCutByItsDeadline) {
  const std::string body = cos_payload(50);
  for (const std::string& whole : {post_text(body), chunked_post_text(body, 1000)}) {
    ScriptedEventbus fresh;
    settings = loopback_settings(fresh.port());
    settings.ingress.request_timeout = 150ms;
    const RunningGateway gateway(settings);
    HttpClient client = gateway.connect();
    const std::size_t head = whole.find("\r\n\r\n") + 4;
    client.send(whole.substr(0, head + 1));
    const auto start = std::chrono::steady_clock::now();
    for (std::size_t at = head + 1; !client.readable(5ms); ++at) {
      ASSERT_LT(std::chrono::steady_clock::now() - start, 5s);
      ASSERT_LT(at, whole.size());
      client.send_until_answered(whole.substr(at, 1));
    }
    EXPECT_EQ(client.response().status, 408u);
    EXPECT_TRUE(client.closed_by_peer());
  }
}

}  // namespace
}  // namespace gateway::test
