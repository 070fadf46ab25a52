#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "support/eventbus_test.hpp"
#include "support/payloads.hpp"

// Clients that leave early.
namespace gateway::test {
namespace {

using observe::Snapshot;
using ClientFaults = EventbusTest;

enum class Leaving { fin, rst };

class GoneBeforeTheAnswer : public testing::TestWithParam<Leaving> {};

TEST_P(GoneBeforeTheAnswer, ItsEventsAreDeliveredOnceAndOthersGoOn) {
  ScriptedEventbus bus;
  config::Settings settings = loopback_settings(bus.port());
  settings.delivery.pipeline = 2;
  RunningGateway gateway(settings);
  bus.hold();
  const std::vector<std::string> records = cos_records(6, "gone-");
  HttpClient client = gateway.connect();
  client.send(post_text(cos_payload(records)));
  ASSERT_TRUE(bus.wait_for_requests(2));
  HttpClient other = gateway.connect();
  other.send(post_text(cos_payload(3, "stays-")));
  if (GetParam() == Leaving::fin) {
    client.close();
  } else {
    client.reset();
  }
  bus.release();
  EXPECT_EQ(other.response().body, R"({"records":3})");
  ASSERT_TRUE(gateway.wait_for([](const Snapshot& now) { return now.delivered == 9; }));
  std::vector<std::string> arrived;
  for (const Request& request : bus.requests()) {
    if (request.body.find("gone-") != std::string::npos) arrived.push_back(request.body);
  }
  EXPECT_THAT(arrived, testing::UnorderedElementsAreArray(records));
  gateway.finish();
  // After a FIN the client may still be reading; only a reset says that nobody is.
  if (GetParam() == Leaving::rst) {
    EXPECT_EQ(gateway.snapshot().posts_abandoned, 1u);
  }
}
INSTANTIATE_TEST_SUITE_P(By, GoneBeforeTheAnswer, testing::Values(Leaving::fin, Leaving::rst),
                         [](const auto& test) {
                           return test.param == Leaving::fin ? "Fin" : "Rst";
                         });

TEST_F(ClientFaults, AClientThatOnlyStopsSendingGetsItsAnswers) {
  const RunningGateway gateway(settings);
  bus.hold();
  HttpClient client = gateway.connect();
  client.send(post_text(cos_payload(2)) + post_text(cos_payload(1)));
  client.shut_down_sending();
  ASSERT_TRUE(bus.wait_for_requests(1));
  bus.release();
  EXPECT_EQ(client.response().body, R"({"records":2})");
  EXPECT_EQ(client.response().body, R"({"records":1})");
  EXPECT_TRUE(client.closed_by_peer());
}

TEST_F(ClientFaults, AHalfSentPostLeavesNoTrace) {
  RunningGateway gateway(settings);
  const std::string post = post_text(cos_payload(3));
  for (const std::size_t sent : {std::size_t{0}, std::size_t{10}, post.size() - 1}) {
    for (const bool reset : {false, true}) {
      HttpClient client = gateway.connect();
      client.send(std::string_view(post).substr(0, sent));
      if (reset) client.reset();
    }
  }
  EXPECT_EQ(gateway.post(cos_payload(1)).status, 200u);
  EXPECT_TRUE(gateway.wait_for(
      [](const Snapshot& now) { return now.connections == 0 && now.in_flight_bytes == 0; }));
  EXPECT_EQ(gateway.snapshot().received, 1u);
  EXPECT_EQ(bus.requests().size(), 1u);
}

TEST_F(ClientFaults, AHalfSentPostBehindAGoodOneDoesNotSpoilIt) {
  const RunningGateway gateway(settings);
  HttpClient client = gateway.connect();
  client.send(post_text(cos_payload(2)) + post_text(cos_payload(3)).substr(0, 500));
  client.shut_down_sending();
  EXPECT_EQ(client.response().body, R"({"records":2})");
  EXPECT_EQ(bus.requests().size(), 2u);
}

TEST_F(ClientFaults, AClientThatReadsLateGetsEveryAnswer) {
  constexpr int kPosts = 2'000;
  settings.delivery.pipeline = 32;
  RunningGateway gateway(settings);
  HttpClient client = gateway.connect();
  const std::string post = post_text(cos_payload(1));
  for (int i = 0; i < kPosts; ++i) client.send(post);
  ASSERT_TRUE(bus.wait_for_requests(1));
  for (int i = 0; i < kPosts; ++i) ASSERT_EQ(client.response().status, 200u) << i;
  EXPECT_EQ(gateway.snapshot().delivered, static_cast<std::uint64_t>(kPosts));
}

TEST_F(ClientFaults, ManyShortConnectionsAreAllForgotten) {
  RunningGateway gateway(settings);
  for (int i = 0; i < 200; ++i) {
    HttpClient client = gateway.connect();
    if (i % 4 != 0) client.send(post_text(cos_payload(1)));
    if (i % 4 == 1) {
      EXPECT_EQ(client.response().status, 200u);
    }
    if (i % 4 == 2) client.reset();
  }
  EXPECT_TRUE(gateway.wait_for([](const Snapshot& now) {
    return now.connections == 0 && now.in_flight() == 0 && now.in_flight_bytes == 0;
  }));
}

}  // namespace
}  // namespace gateway::test
