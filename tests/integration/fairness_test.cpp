#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "support/payloads.hpp"
#include "support/running_gateway.hpp"
#include "support/scripted_eventbus.hpp"
#include "testkit/action.hpp"
#include "testkit/temporary_folder.hpp"

// Small posts beside posts of thousands of records, in front of an eventbus that is slower than
// both.
namespace gateway::test {
namespace {

using namespace std::chrono_literals;
using SteadyClock = std::chrono::steady_clock;

TEST(Fairness, LargePostsHoldUpNobody) {
  constexpr std::size_t kLarge = 6000;
  constexpr int kSmall = 6;
  ScriptedEventbus bus;
  // About a thousand a second.
  bus.script([](const Request&) { return reply(200).after(1ms); });
  config::Settings settings = loopback_settings(bus.port());
  settings.delivery.deadline = 60s;
  RunningGateway gateway(settings);
  std::vector<HttpClient> large;
  for (int i = 0; i < 3; ++i) {
    large.push_back(gateway.connect());
    large.back().send(post_text(cos_payload(kLarge, "large" + std::to_string(i) + "-")));
  }
  ASSERT_TRUE(
      gateway.wait_for([](const observe::Snapshot& now) { return now.received == 3 * kLarge; }));
  SteadyClock::duration slowest{};
  for (int i = 0; i < kSmall; ++i) {
    const auto begun = SteadyClock::now();
    EXPECT_EQ(gateway.post(cos_payload(1, "small-")).status, 200U);
    slowest = std::max(slowest, SteadyClock::now() - begun);
  }
  // The turns of three large posts, 128 events each, and what was on its way.
  EXPECT_LT(slowest, 3s);
  EXPECT_LT(gateway.snapshot().delivered, 3 * kLarge) << "the large ones are still being sent";
  for (HttpClient& client : large) client.close();
}

config::Settings settings_with_spool(const ScriptedEventbus& bus, const TemporaryFolder& folder) {
  config::Settings settings = loopback_settings(bus.port());
  settings.spool.path = folder.file("spool.db");
  settings.delivery.deadline = 60s;
  return settings;
}

// The eventbus takes one event at a time, and many of the spool wait for it.
TEST(Fairness, ANewEventGoesBeforeThoseOfTheSpool) {
  constexpr std::size_t kSpooled = 300;
  const TemporaryFolder folder;
  ScriptedEventbus bus(ScriptedEventbus::Start::down);
  config::Settings settings = settings_with_spool(bus, folder);
  settings.delivery.connections = 1;
  settings.delivery.pipeline = 1;
  RunningGateway gateway(settings);
  EXPECT_EQ(gateway.post(cos_payload(kSpooled, "spooled-")).status, 200U);
  bus.script([](const Request&) { return reply(200).after(1ms); });
  bus.come_up();
  ASSERT_TRUE(bus.wait_for_requests(50)) << "the replay has got going";

  bus.hold();
  HttpClient client = gateway.connect();
  client.send(post_text(cos_payload(1, "new-")));
  ASSERT_TRUE(
      gateway.wait_for([](const observe::Snapshot& now) { return now.received == kSpooled + 1; }));
  const std::size_t before = bus.requests().size();
  bus.release();
  ASSERT_TRUE(bus.wait_for_requests(before + 1));
  EXPECT_NE(bus.requests()[before].body.find("new-"), std::string::npos);
  EXPECT_TRUE(
      gateway.wait_for([](const observe::Snapshot& now) { return now.replayed == kSpooled; }));
}

// A replay leaves room for a post, although it has more rows than the queue takes.
TEST(Fairness, AReplayFillsHalfOfTheQueue) {
  constexpr std::size_t kSpooled = 300;
  const TemporaryFolder folder;
  ScriptedEventbus bus(ScriptedEventbus::Start::down);
  config::Settings settings = settings_with_spool(bus, folder);
  settings.delivery.queue.events = 20;
  RunningGateway gateway(settings);
  for (std::size_t posts = kSpooled / 20; posts != 0; --posts) {
    EXPECT_EQ(gateway.post(cos_payload(20, "spooled-")).status, 200U);
  }
  bus.come_up();
  ASSERT_TRUE(bus.wait_for_requests(50)) << "the replay has got going";
  bus.hold();
  ASSERT_TRUE(gateway.wait_for([](const observe::Snapshot& now) { return now.queue_events != 0; }));
  HttpClient client = gateway.connect();
  client.send(post_text(cos_payload(10, "new-")));
  ASSERT_TRUE(
      gateway.wait_for([](const observe::Snapshot& now) { return now.received == kSpooled + 10; }));
  bus.release();
  EXPECT_TRUE(gateway.wait_for([](const observe::Snapshot& now) {
    return now.replayed == kSpooled && now.delivered == 10;
  })) << "delivered straight, not by the spool";
}

}  // namespace
}  // namespace gateway::test
