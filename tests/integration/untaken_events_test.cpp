// Events of the spool that the eventbus never takes, and the others behind them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>

#include "support/payloads.hpp"
#include "support/running_gateway.hpp"
#include "support/scripted_eventbus.hpp"
#include "testkit/temporary_folder.hpp"

namespace gateway::test {
namespace {

using namespace std::chrono_literals;
using observe::Snapshot;

class UntakenEvents : public testing::Test {
 protected:
  // Each event would be tried for five minutes, were there no others.
  [[nodiscard]] config::Settings settings() const {
    config::Settings settings = loopback_settings(bus_.port());
    settings.spool.path = folder_.file("spool.db");
    settings.spool.max_bytes = std::uint64_t{64} << 20;
    settings.delivery.deadline = 60s;
    settings.delivery.timeout = 300ms;
    return settings;
  }
  // Spools `untaken` events and `good` ones behind each of them, `times` times.
  void spool(const RunningGateway& gateway, std::size_t untaken, std::size_t good,
             std::size_t times) {
    bus_.go_down();
    for (std::size_t n = 0; n < times; ++n) {
      const std::string number = std::to_string(n);
      EXPECT_EQ(gateway.post(cos_payload(untaken, "untaken-" + number + "-")).status, 200u);
      EXPECT_EQ(gateway.post(cos_payload(good, "good-" + number + "-")).status, 200u);
    }
    ASSERT_EQ(gateway.snapshot().spooled, times * (untaken + good));
  }
  // The eventbus is there again, and does this about the events it never takes.
  void come_up(const Action& action) {
    bus_.script([action](const Request& request) {
      return request.body.find("untaken-") != std::string::npos ? action : reply(200);
    });
    bus_.come_up();
  }

  TemporaryFolder folder_;
  ScriptedEventbus bus_;
};

TEST_F(UntakenEvents, AtTheFrontOfTheSpoolKeepNoOthersFromTheEventbus) {
  RunningGateway gateway(settings());
  spool(gateway, 6, 5, 1);
  come_up(reply(503));
  EXPECT_TRUE(gateway.wait_for([](const Snapshot& now) { return now.replayed == 5; }));
}

TEST_F(UntakenEvents, ForWhichTheEventbusBreaksOffKeepNoOthersFromIt) {
  RunningGateway gateway(settings());
  spool(gateway, 4, 5, 1);
  come_up(close_unanswered());
  EXPECT_TRUE(gateway.wait_for([](const Snapshot& now) { return now.replayed == 5; }));
}

TEST_F(UntakenEvents, ThatAreNeverAnsweredKeepNoOthersFromTheEventbus) {
  RunningGateway gateway(settings());
  spool(gateway, 2, 5, 1);
  come_up(never_answer());
  EXPECT_TRUE(gateway.wait_for([](const Snapshot& now) { return now.replayed == 5; }));
}

TEST_F(UntakenEvents, AmongManyHoldUpOnlyThemselves) {
  RunningGateway gateway(settings());
  spool(gateway, 1, 120, 80);
  come_up(reply(500));
  EXPECT_TRUE(gateway.wait_for([](const Snapshot& now) { return now.replayed == 80 * 120; }));
}

TEST_F(UntakenEvents, AreDeliveredOnceTheyAreTaken) {
  RunningGateway gateway(settings());
  spool(gateway, 3, 5, 1);
  come_up(reply(503));
  EXPECT_TRUE(gateway.wait_for([](const Snapshot& now) { return now.replayed == 5; }));
  bus_.script({});
  EXPECT_TRUE(gateway.wait_for([](const Snapshot& now) { return now.replayed == 8; }));
}

}  // namespace
}  // namespace gateway::test
