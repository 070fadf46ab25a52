#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "support/payloads.hpp"
#include "support/running_gateway.hpp"
#include "support/scripted_eventbus.hpp"

// One eventbus, several connections: what they know of it together.
namespace gateway::test {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;
using observe::Snapshot;

std::function<bool(const Snapshot&)> all_are(EndpointState state) {
  return
      [state](const Snapshot& now) { return now.eventbus[static_cast<std::size_t>(state)] == 1; };
}

// Several connections with several requests each, that back off briefly.
config::Settings many_connections(const ScriptedEventbus& bus) {
  config::Settings settings = loopback_settings(bus.port());
  settings.delivery.connections = 8;
  settings.delivery.pipeline = 8;
  settings.delivery.retry.initial = 20ms;
  settings.delivery.retry.max = 40ms;
  return settings;
}

TEST(EndpointHealth, ABusThatDropsEveryConnectionIsTriedByOneAtATime) {
  ScriptedEventbus bus;
  std::atomic<bool> works{false};
  bus.script([&](const Request&) { return works ? reply(200) : reset_unanswered(); });
  const RunningGateway gateway(many_connections(bus));
  const auto start = Clock::now();
  HttpClient client = gateway.connect();
  client.send(post_text(cos_payload(50)));
  ASSERT_TRUE(bus.wait_for_connections(40));
  const auto elapsed = std::chrono::duration<double, std::milli>(Clock::now() - start).count();
  // All eight at the start, then one an interval of 20 ms on average: not eight in each.
  const double intervals = elapsed / 20;
  EXPECT_LE(40, 8 + 3 * intervals + 10) << elapsed << " ms";
  works = true;
  EXPECT_EQ(client.response().status, 200u);
}

TEST(EndpointHealth, ABusThatOnlySays503GetsOneRequestAtATime) {
  ScriptedEventbus bus;
  bus.script([](const Request&) { return reply(503); });
  const RunningGateway gateway(many_connections(bus));
  HttpClient client = gateway.connect();
  client.send(post_text(cos_payload(500)));
  ASSERT_TRUE(gateway.wait_for(all_are(EndpointState::down)));
  const std::size_t before = bus.requests().size();
  EXPECT_LT(before, 300u) << "every event was sent all the same";
  ASSERT_TRUE(bus.wait_for_requests(before + 80));
  const Requests seen = bus.requests();
  // What was on its way when it went down may still come; after that one at a time, the back-off
  // apart.
  const std::size_t from = before + 64;
  EXPECT_GE(seen[from + 15].arrived - seen[from].arrived, 60ms);
  bus.script([](const Request&) { return reply(200); });
  EXPECT_EQ(client.response().status, 200u);
}

TEST(EndpointHealth, RecoversThroughSlowStartToFullRate) {
  ScriptedEventbus bus;
  bus.script([](const Request&) { return reply(503); });
  const RunningGateway gateway(many_connections(bus));
  HttpClient client = gateway.connect();
  client.send(post_text(cos_payload(400)));
  ASSERT_TRUE(gateway.wait_for(all_are(EndpointState::down)));
  std::atomic<bool> first{true};
  std::atomic<std::size_t> recovered_at{0};
  bus.script([&](const Request& request) {
    if (first.exchange(false)) recovered_at = request.index;
    return reply(200);
  });
  EXPECT_EQ(client.response().status, 200u);
  EXPECT_TRUE(gateway.wait_for(all_are(EndpointState::up)));
  const Requests seen = bus.requests();
  ASSERT_GT(seen.size(), recovered_at + 200);
  EXPECT_EQ(seen[recovered_at].in_flight, 1u);
  for (std::size_t i = 0; i < 7; ++i) {
    EXPECT_LE(seen[recovered_at + i].in_flight, 4u) << "request " << i << " of the recovery";
  }
  EXPECT_EQ(gateway.post(cos_payload(100)).status, 200u);
}

TEST(EndpointHealth, RetryAfterHoldsForOtherEventsToo) {
  ScriptedEventbus bus;
  bus.next(reply(503, {{"Retry-After", "1"}}));
  config::Settings settings = many_connections(bus);
  settings.delivery.retry.max = 10s;
  const RunningGateway gateway(settings);
  HttpClient first = gateway.connect();
  first.send(post_text(cos_payload(1)));
  ASSERT_TRUE(gateway.wait_for([](const Snapshot& now) { return now.retried_total() == 1; }));
  EXPECT_EQ(gateway.post(cos_payload(20)).status, 200u);
  EXPECT_EQ(first.response().status, 200u);
  const Requests seen = bus.requests();
  ASSERT_EQ(seen.size(), 22u);
  for (std::size_t i = 1; i < seen.size(); ++i) {
    EXPECT_GE(seen[i].arrived - seen[0].arrived, 1s) << i;
  }
}

// As where a balancer has a server that fails beside one that works.
TEST(EndpointHealth, AHalfBrokenBusGetsAsManyRetriesAsItTakes) {
  ScriptedEventbus bus;
  auto random = std::make_shared<std::mt19937>(3);
  bus.script([random](const Request&) { return (*random)() % 2 == 0 ? reply(500) : reply(200); });
  const RunningGateway gateway(many_connections(bus));
  EXPECT_EQ(gateway.post(cos_payload(2000)).status, 200u);
}

TEST(EndpointHealth, RetriesOfABusThatTakesLittleStayWithinTheirBudget) {
  ScriptedEventbus bus;
  auto random = std::make_shared<std::mt19937>(3);
  bus.script([random](const Request&) { return (*random)() % 6 == 0 ? reply(200) : reply(500); });
  config::Settings settings = many_connections(bus);
  settings.delivery.deadline = 1500ms;
  const RunningGateway gateway(settings);
  const auto start = Clock::now();
  constexpr std::size_t kEvents = 4000;
  EXPECT_EQ(gateway.post(cos_payload(kEvents)).status, 504u);
  ASSERT_TRUE(gateway.wait_for([](const Snapshot& now) { return now.in_flight() == 0; }));
  const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
  const Requests seen = bus.requests();
  const auto taken = static_cast<std::size_t>(std::ranges::count_if(seen, &Request::accepted));
  std::set<std::string> sent;
  for (const Request& request : seen) sent.insert(request.id());
  const std::size_t retries = seen.size() - sent.size();
  // What was taken in a tenth of a second may count for the next one as well.
  EXPECT_LE(retries, 2 * 3 * taken + 10 + static_cast<std::size_t>(10 * seconds) + 1);
  EXPECT_GE(retries, 50u);
}

TEST(EndpointHealth, OnePoisonousEventLeavesItUp) {
  for (const unsigned status : {500U, 0U}) {
    SCOPED_TRACE(status);
    ScriptedEventbus bus;
    bus.script([status](const Request& request) {
      if (request.body.find("poison") == std::string::npos) return reply(200);
      return status == 0 ? reset_unanswered() : reply(status);
    });
    config::Settings settings = many_connections(bus);
    settings.delivery.deadline = 1s;
    settings.delivery.retry.max = 10ms;
    const RunningGateway gateway(settings);
    HttpClient sick = gateway.connect();
    sick.send(post_text(cos_payload({cos_record("poison")})));
    ASSERT_TRUE(bus.wait_for_requests(8));
    EXPECT_EQ(gateway.snapshot().eventbus[static_cast<std::size_t>(EndpointState::up)], 1u);
    EXPECT_EQ(gateway.post(cos_payload(20)).status, 200u);
    EXPECT_EQ(sick.response().status, 504u);
  }
}

TEST(EndpointHealth, RefusedEventsLeaveItUp) {
  ScriptedEventbus bus;
  bus.script([](const Request&) { return reply(400); });
  const RunningGateway gateway(many_connections(bus));
  EXPECT_EQ(gateway.post(cos_payload(300)).status, 502u);
  EXPECT_EQ(bus.requests().size(), 300u);
  EXPECT_EQ(gateway.snapshot().eventbus[static_cast<std::size_t>(EndpointState::up)], 1u);
}

TEST(DeliveryProfile, DecidesWhatIsRetriedUnlessTheStatusSaysOtherwise) {
  struct Case {
    config::Profile profile;
    std::map<unsigned, config::Treatment> status;
    unsigned answer;
    unsigned posted;
    std::size_t requests;
  };
  const Case cases[] = {
      {config::Profile::generic, {}, 404, 502, 1},
      {config::Profile::vanus, {}, 500, 200, 2},
      {config::Profile::knative, {}, 404, 200, 2},
      {config::Profile::knative, {}, 409, 200, 2},
      {config::Profile::knative, {}, 400, 502, 1},
      {config::Profile::generic, {{404, config::Treatment::retry}}, 404, 200, 2},
      {config::Profile::generic, {{500, config::Treatment::refuse}}, 500, 502, 1},
      {config::Profile::generic, {{409, config::Treatment::accept}}, 409, 200, 1},
  };
  for (const auto& [profile, status, answer, posted, requests] : cases) {
    SCOPED_TRACE(answer);
    ScriptedEventbus bus;
    bus.next(reply(answer));
    config::Settings settings = loopback_settings(bus.port());
    settings.delivery.profile = profile;
    settings.delivery.status = status;
    const RunningGateway gateway(settings);
    EXPECT_EQ(gateway.post(cos_payload(1)).status, posted);
    EXPECT_EQ(bus.requests().size(), requests);
    EXPECT_EQ(bus.requests()[0].target,
              profile == config::Profile::knative ? "/" : "/gateway/test");
  }
}

}  // namespace
}  // namespace gateway::test
