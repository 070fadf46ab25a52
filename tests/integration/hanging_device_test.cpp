// A spool or dead-letter store on a device that hangs, in a real gateway.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <filesystem>
#include <iterator>
#include <string>
#include <thread>
#include <vector>

#include "gateway/config/targets.hpp"
#include "gateway/pipeline/ledger.hpp"
#include "gateway/process_stores.hpp"
#include "runtime/supervisor.hpp"
#include "support/block_device.hpp"
#include "support/payloads.hpp"
#include "support/running_gateway.hpp"
#include "support/scripted_eventbus.hpp"
#include "testkit/action.hpp"
#include "testkit/eventually.hpp"
#include "testkit/temporary_folder.hpp"

namespace gateway::test {
namespace {

using namespace std::chrono_literals;
using SteadyClock = std::chrono::steady_clock;

constexpr auto kDeadline = 400ms;

class HangingDevice : public testing::Test {
 protected:
  void SetUp() override {
    if (!device_.mounted()) GTEST_SKIP() << "this process may not mount a file system of its own";
  }
  [[nodiscard]] config::Settings settings() const {
    config::Settings settings = loopback_settings(bus_.port());
    settings.delivery.timeout = 200ms;
    settings.delivery.deadline = kDeadline;
    settings.ingress.threads = 2;
    return settings;
  }
  // Posts from several clients at once; each must be answered in time.
  static std::vector<unsigned> posts(const RunningGateway& gateway, const std::string& name) {
    constexpr std::size_t kClients = 6;
    std::vector<unsigned> answers(kClients);
    std::vector<std::thread> clients;
    for (std::size_t i = 0; i < kClients; ++i) {
      clients.emplace_back([&, i] {
        HttpClient client = gateway.connect();
        const auto begun = SteadyClock::now();
        client.send(post_text(cos_payload(2, name + std::to_string(i) + "-")));
        // What docs/durability.md promises.
        if (client.readable(std::chrono::milliseconds(kDeadline) + Ledger::kStorePatience + 1s)) {
          answers[i] = client.response().status;
        }
        EXPECT_LT(SteadyClock::now() - begun, kDeadline + Ledger::kStorePatience + 1s);
      });
    }
    for (std::thread& client : clients) client.join();
    return answers;
  }
  static Response ready(const RunningGateway& gateway) {
    return gateway.connect_admin().get("/readyz");
  }

  TemporaryFolder folder_;
  BlockDevice device_{folder_.file("image"), folder_.file("device")};
  ScriptedEventbus bus_;
};

TEST_F(HangingDevice, UnderTheSpoolHasEachPostAnsweredInTimeAndSaysSo) {
  config::Settings wanted = settings();
  wanted.spool.path = device_.file("spool");
  bus_.go_down();
  RunningGateway gateway(wanted);
  EXPECT_EQ(posts(gateway, "before-"), std::vector<unsigned>(6, 200U));
  ASSERT_TRUE(device_.hang());
  EXPECT_EQ(posts(gateway, "while-"), std::vector<unsigned>(6, 503U));
  EXPECT_TRUE(eventually([&] { return ready(gateway).status == 503U; }));
  EXPECT_NE(ready(gateway).body.find("the spool takes nothing"), std::string::npos);
  EXPECT_NE(gateway.connect_admin().get("/status").body.find("does not answer"), std::string::npos);
  const auto begun = SteadyClock::now();
  EXPECT_EQ(posts(gateway, "known-"), std::vector<unsigned>(6, 503U));
  EXPECT_LT(SteadyClock::now() - begun, 3s) << "once it is known nobody waits for it";
  device_.let_go();
  EXPECT_TRUE(eventually([&] { return ready(gateway).status == 200U; }));
  EXPECT_EQ(posts(gateway, "after-"), std::vector<unsigned>(6, 200U));
  bus_.come_up();
  EXPECT_TRUE(gateway.wait_for([](const observe::Snapshot& now) { return now.replayed >= 24; }));
}

TEST_F(HangingDevice, UnderTheDeadLettersHasEachPostAnsweredInTime) {
  config::Settings wanted = settings();
  wanted.dead_letter.path = device_.file("dead");
  bus_.script([](const Request&) { return reply(400); });
  RunningGateway gateway(wanted);
  EXPECT_EQ(posts(gateway, "before-"), std::vector<unsigned>(6, 200U));
  ASSERT_TRUE(device_.hang());
  for (const unsigned answer : posts(gateway, "while-")) EXPECT_GE(answer, 502U);
  device_.let_go();
}

// At the start, before the store is there at all.
TEST_F(HangingDevice, AtTheStartKeepsNothingFromStartingNorFromStopping) {
  config::Settings wanted = settings();
  wanted.spool.path = device_.file("spool");
  wanted.dead_letter.path = device_.file("dead");
  wanted.ingress.grace = 2s;
  ASSERT_TRUE(device_.hang());
  const auto begun = SteadyClock::now();
  {
    RunningGateway gateway(wanted);
    EXPECT_LT(SteadyClock::now() - begun, 8s);
    EXPECT_EQ(posts(gateway, "delivered-"), std::vector<unsigned>(6, 200U));
    EXPECT_NE(gateway.connect_admin().get("/status").body.find("does not answer"),
              std::string::npos);
    bus_.go_down();
    EXPECT_EQ(posts(gateway, "spooled-"), std::vector<unsigned>(6, 503U));
    device_.let_go();
    EXPECT_TRUE(eventually([&] { return ready(gateway).status == 200U; }));
    EXPECT_EQ(posts(gateway, "after-"), std::vector<unsigned>(6, 200U)) << "spooled";
  }
  wanted.spool.path = device_.file("other_spool");
  wanted.dead_letter.path = device_.file("other_dead");
  bus_.come_up();
  ASSERT_TRUE(device_.hang());
  RunningGateway gateway(wanted);
  const auto stopped = SteadyClock::now();
  gateway.finish();
  EXPECT_LT(SteadyClock::now() - stopped, wanted.ingress.grace + 6s);
  device_.let_go();
}

// Each is given up after 5 s; one after the other they would outlast what `docker stop` waits.
std::ptrdiff_t threads() {
  return std::distance(std::filesystem::directory_iterator("/proc/self/task"),
                       std::filesystem::directory_iterator());
}

TEST_F(HangingDevice, StoresAreClosedSideBySide) {
  const std::ptrdiff_t threads_before = threads();
  BlockDevice other{folder_.file("other-image"), folder_.file("other-device")};
  ASSERT_TRUE(other.mounted());
  config::Settings wanted = settings();
  wanted.spool.path = device_.file("spool");
  wanted.dead_letter.path = other.file("dead");
  static Supervisor supervisor;  // outlives the threads, which are left behind
  const std::vector<config::Endpoint> targets = config::Targets(wanted).endpoints();
  ProcessStores stores(wanted, targets, supervisor);
  const auto both = {stores.handles().spool, stores.handles().dead_letters};
  ASSERT_TRUE(eventually([&] {
    return std::ranges::all_of(
        both, [](const auto* store) { return store->state() == egress::StoreState::ok; });
  }));
  ASSERT_TRUE(device_.hang());
  ASSERT_TRUE(other.hang());
  for (egress::AsyncStore* const store : both) {
    egress::StoredEvent event;
    event.json = "{}";
    ASSERT_TRUE(store->submit({event}, [](const egress::StoreResult&) {}));
  }
  const auto begun = SteadyClock::now();
  stores.close(begun + 500ms);  // until then each has begun to write
  EXPECT_LT(SteadyClock::now() - begun, 8s);
  other.let_go();
  device_.let_go();
  // They would use what the process destroys at its end.
  EXPECT_TRUE(eventually([&] { return threads() == threads_before; }));
}

}  // namespace
}  // namespace gateway::test
