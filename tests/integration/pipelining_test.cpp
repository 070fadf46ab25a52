#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <vector>

#include "support/eventbus_test.hpp"
#include "support/payloads.hpp"

// How many requests an eventbus connection carries at a time.
namespace gateway::test {
namespace {

using namespace std::chrono_literals;
using AutomaticDepth = EventbusTest;

class FixedDepth : public testing::TestWithParam<unsigned> {};

TEST_P(FixedDepth, IsUsedInFullAndNeverExceeded) {
  ScriptedEventbus bus;
  config::Settings settings = loopback_settings(bus.port());
  settings.delivery.pipeline = GetParam();
  const RunningGateway gateway(settings);
  bus.hold();
  HttpClient client = gateway.connect();
  client.send(post_text(cos_payload(100)));
  ASSERT_TRUE(bus.wait_for_requests(GetParam()));
  bus.release();
  EXPECT_EQ(client.response().status, 200u);
  EXPECT_EQ(bus.deepest_pipeline(), GetParam());
  EXPECT_EQ(bus.connections(), 1u);
}
INSTANTIATE_TEST_SUITE_P(Of, FixedDepth, testing::Values(1, 2, 7, 64));

TEST(Pipelining, EveryConnectionIsUsed) {
  ScriptedEventbus bus;
  config::Settings settings = loopback_settings(bus.port());
  settings.delivery.connections = 3;
  settings.delivery.pipeline = 2;
  const RunningGateway gateway(settings);
  bus.hold();
  HttpClient client = gateway.connect();
  client.send(post_text(cos_payload(20)));
  ASSERT_TRUE(bus.wait_for_requests(6));
  std::set<std::size_t> used;
  for (const Request& request : bus.requests()) used.insert(request.connection);
  EXPECT_EQ(used.size(), 3u);
  bus.release();
  EXPECT_EQ(client.response().status, 200u);
  EXPECT_EQ(bus.connections(), 3u);
  EXPECT_EQ(bus.deepest_pipeline(), 2u);
}

TEST_F(AutomaticDepth, BeginsAtOneAndGrowsOnAWellBehavedEventbus) {
  bus.script([](const Request&) { return reply(200).after(1ms); });
  settings.delivery.pipeline = 0;
  const RunningGateway gateway(settings);
  EXPECT_EQ(gateway.post(cos_payload(2'000)).status, 200u);
  EXPECT_GT(bus.deepest_pipeline(), 1u);
  const Requests seen = bus.requests();
  EXPECT_EQ(seen.size(), 2'000u);
  EXPECT_EQ(seen.at(1).in_flight, 1u) << "the second was sent before the first was answered";
}

TEST_F(AutomaticDepth, FallsBackToOneAfterACut) {
  bus.script([](const Request& request) {
    const bool cut = request.connection == 0 && request.in_flight > 1;
    return cut ? close_unanswered() : reply(200).after(2ms);
  });
  settings.delivery.pipeline = 0;
  const RunningGateway gateway(settings);
  EXPECT_EQ(gateway.post(cos_payload(300)).status, 200u);
  const Requests seen = bus.requests();
  const auto second_on_new = std::find_if(seen.begin(), seen.end(), [](const Request& request) {
    return request.connection == 1 && request.on_connection == 1;
  });
  ASSERT_NE(second_on_new, seen.end());
  EXPECT_EQ(second_on_new->in_flight, 1u);
}

TEST_F(AutomaticDepth, StaysAtOneWithAnEventbusThatClosesAfterEveryAnswer) {
  bus.script([](const Request&) { return http10_reply(200); });
  settings.delivery.pipeline = 0;
  const RunningGateway gateway(settings);
  EXPECT_EQ(gateway.post(cos_payload(50)).status, 200u);
  EXPECT_EQ(bus.deepest_pipeline(), 1u);
  EXPECT_EQ(bus.requests().size(), 50u);
}

TEST(Threads, EveryShardServesAndHasItsOwnEventbusConnection) {
  ScriptedEventbus bus;
  config::Settings settings = loopback_settings(bus.port());
  settings.ingress.threads = 2;
  const RunningGateway gateway(settings);
  std::vector<HttpClient> clients;
  for (int i = 0; i < 64; ++i) {
    clients.push_back(gateway.connect());
    clients.back().send(post_text(cos_payload(2)));
  }
  for (HttpClient& client : clients) EXPECT_EQ(client.response().status, 200u);
  EXPECT_EQ(bus.connections(), 2u);
  EXPECT_EQ(gateway.snapshot().delivered, 128u);
  EXPECT_EQ(gateway.snapshot().connections, 64u);
}

}  // namespace
}  // namespace gateway::test
