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

}  // namespace
}  // namespace gateway::test
