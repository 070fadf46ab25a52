#include "testkit/bus.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <system_error>

#include "testkit/bus_thread.hpp"
#include "testkit/http_client.hpp"

namespace gateway::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

TEST(Bus, WithoutAScriptAnswersAllThatARequestBrought) {
  BusThread bus{Bus::Settings()};
  HttpClient client(bus.port());
  client.send(post_text("one") + post_text("two") + post_text("three"));
  for (int i = 0; i < 3; ++i) EXPECT_EQ(client.response().status, 200U);
  EXPECT_FALSE(client.readable(milliseconds(0)));
}

TEST(Bus, TakesRequestsThatComeInPieces) {
  BusThread bus{Bus::Settings()};
  HttpClient client(bus.port());
  client.send_bytewise(post_text("body"));
  EXPECT_EQ(client.response().status, 200U);
}

TEST(Bus, KeepsARate) {
  Bus::Settings settings;
  settings.rate = 200;
  BusThread bus(settings);
  HttpClient client(bus.port());
  std::string posts;
  for (int i = 0; i < 60; ++i) posts += post_text("{}");
  const auto begin = steady_clock::now();
  client.send(posts);
  for (int i = 0; i < 60; ++i) EXPECT_EQ(client.response().status, 200U);
  // A tenth of a second, twenty answers, is made up for.
  EXPECT_GE(steady_clock::now() - begin, milliseconds(190));
}

TEST(Bus, EndsTheConnectionAfterTheAnswerWhenTheClientAsks) {
  Bus::Settings settings;
  settings.grammar = Grammar::lenient;
  BusThread bus(settings);
  HttpClient client(bus.port());
  client.send(post_text("{}", {{"Connection", "close"}}));
  EXPECT_EQ(client.response().status, 200U);
  EXPECT_TRUE(client.closed_by_peer());
}

TEST(Bus, ResetsWhatIsNoHttp) {
  BusThread bus{Bus::Settings()};
  HttpClient client(bus.port());
  client.send("hello\r\n\r\n");
  EXPECT_TRUE(client.closed_by_peer());
}

TEST(Bus, RefusesConnectionsWhileItIsDown) {
  BusThread bus{Bus::Settings()};
  HttpClient before(bus.port());
  bus.go_down();
  EXPECT_TRUE(before.closed_by_peer());
  EXPECT_THROW(HttpClient(bus.port()), std::system_error);
  bus.come_up();
  HttpClient after(bus.port());
  after.send(post_text("{}"));
  EXPECT_EQ(after.response().status, 200U);
}

TEST(Bus, CannotListenWhereSomebodyDoes) {
  BusThread bus{Bus::Settings()};
  Bus::Settings same;
  same.port = bus.port();
  EXPECT_THROW(BusThread second(same), std::system_error);
}

}  // namespace
}  // namespace gateway::test
