#include "testkit/loader.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <thread>

#include "support/running_gateway.hpp"
#include "testkit/fault_bus.hpp"
#include "testkit/oracle.hpp"

namespace gateway::test {
namespace {

using std::chrono::milliseconds;

LoaderSettings few_posts(std::uint16_t port) {
  LoaderSettings settings;
  settings.port = port;
  settings.connections = 4;
  settings.max_posts = 50;
  settings.pause = milliseconds(1);
  return settings;
}

bool done(const Loader& loader) {
  const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (!loader.done() && std::chrono::steady_clock::now() < limit) std::this_thread::yield();
  return loader.done();
}

TEST(Loader, PostsUntilEveryPostIsAcknowledgedAndTheOracleAgrees) {
  Oracle oracle;
  FaultBus bus(*Schedule::parse("chaos20"), 3, oracle);
  auto settings = loopback_settings(bus.port());
  settings.delivery.timeout = milliseconds(200);
  RunningGateway gateway(settings);
  Loader loader(few_posts(gateway.gateway().port()), oracle);
  EXPECT_TRUE(done(loader));
  loader.stop();
  gateway.finish();
  bus.stop();
  const Balance balance = oracle.check();
  EXPECT_TRUE(balance.good()) << balance.table();
  EXPECT_EQ(balance.posts, 50U);
  EXPECT_EQ(balance.posts_acknowledged, 50U);
  EXPECT_EQ(balance.arrived, balance.records);
  EXPECT_GT(loader.longest_silence().count(), 0);
}

TEST(Loader, SurvivesAGatewayThatIsNotThereYet) {
  // The eventbus answers 400 to what is no CloudEvent: an answer, but no acknowledgement.
  Oracle oracle;
  FaultBus bus(*Schedule::parse("down 100ms; healthy"), 1, oracle);
  auto settings = few_posts(bus.port());
  settings.attempts = 10'000;
  Loader loader(settings, oracle);
  const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (bus.malformed() == 0 && std::chrono::steady_clock::now() < limit) {
    std::this_thread::yield();
  }
  loader.stop();
  EXPECT_GT(oracle.so_far().unanswered, 0U);
  EXPECT_GT(oracle.so_far().refused, 0U);
  EXPECT_EQ(oracle.so_far().posts_acknowledged, 0U);
  EXPECT_LE(loader.posts(), 4U) << "one payload a connection until it is acknowledged";
}

TEST(Loader, GivesAPostUpAfterSoManyAttempts) {
  Oracle oracle;
  FaultBus bus(*Schedule::parse("healthy"), 1, oracle);
  auto settings = few_posts(bus.port());
  settings.attempts = 2;
  Loader loader(settings, oracle);
  EXPECT_TRUE(done(loader));
  loader.stop();
  EXPECT_EQ(oracle.so_far().posts, 50U);
  EXPECT_EQ(oracle.so_far().refused + oracle.so_far().unanswered, 100U);
  EXPECT_EQ(loader.most_attempts(), 2U);
  EXPECT_EQ(loader.longest_silence().count(), 0) << "there was nothing but silence";
}

}  // namespace
}  // namespace gateway::test
