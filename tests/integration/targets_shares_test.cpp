// What a target may hold of what all of them share, so that the others have the rest.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "integration/targets.hpp"

namespace gateway::test {
namespace {

using observe::Snapshot;
using testing::HasSubstr;
using testing::Not;

TEST_F(Targets, AFullQueueRefusesPostsForItsTargetAlone) {
  other_.hold();
  config::Settings settings = this->settings();
  settings.delivery.queue.events = 30;  // ten for each
  const RunningGateway gateway(settings);
  HttpClient waiting = gateway.connect();
  std::vector<std::string> ten;
  for (int n = 0; n < 10; ++n) ten.push_back(record("b", std::to_string(n)));
  waiting.send(post_text(cos_payload(ten)));
  ASSERT_TRUE(gateway.wait_for([](const Snapshot& now) { return now.received == 10; }));
  for (const Headers& headers : {hint("b"), Headers(), hint("a")}) {
    const Response refused = gateway.post(cos_payload({record("b", "x")}), headers);
    EXPECT_EQ(refused.status, 503U) << "whatever the hint says";
    EXPECT_FALSE(refused.headers["retry-after"].empty());
  }
  for (const Headers& headers : {hint("a"), Headers(), hint("b")}) {
    const unsigned expected = headers["x-cos-bucket"] == name_of("b") ? 503U : 200U;
    EXPECT_EQ(gateway.post(cos_payload({record("a", "x")}), headers).status, expected)
        << headers["x-cos-bucket"];
  }
  const Response mixed = gateway.post(cos_payload({record("a", "y"), record("b", "y")}));
  EXPECT_EQ(mixed.status, 503U);
  EXPECT_THAT(bodies(bus_), Not(testing::Contains(record("a", "y")))) << "nothing of it is sent";
  other_.release();
  EXPECT_EQ(waiting.response().status, 200U);
}

TEST_F(Targets, HoldNoMoreThanTheirShareOfTheBytes) {
  other_.hold();
  config::Settings settings = this->settings();
  settings.ingress.max_body = 32 << 10;
  settings.ingress.max_in_flight = 5 * (64 << 10);  // 64 KiB a share
  const RunningGateway gateway(settings);
  const std::string body = cos_payload({record("b", std::string(6000, 'k'))});
  const std::size_t most = (64 << 10) / body.size();
  std::vector<HttpClient> waiting;
  for (std::size_t sent = 0; sent < most; ++sent) {
    waiting.push_back(gateway.connect());
    waiting.back().send(post_text(body, sent % 2 == 0 ? hint("b") : Headers()));
  }
  ASSERT_TRUE(gateway.wait_for([&](const Snapshot& now) { return now.received == most; }));
  EXPECT_EQ(gateway.post(body, hint("b")).status, 503U);
  const Response unknown = gateway.post(body);
  EXPECT_EQ(unknown.status, 503U) << "once its records are known";
  EXPECT_THAT(unknown.body, HasSubstr("max_in_flight"));
  EXPECT_EQ(gateway.post(cos_payload({record("a", "x")})).status, 200U);
  EXPECT_EQ(gateway.post(cos_payload({record("c", "x")}), hint("c")).status, 200U);
  other_.release();
  for (HttpClient& one : waiting) EXPECT_EQ(one.response().status, 200U);
  EXPECT_EQ(gateway.post(body, hint("b")).status, 200U);
}

TEST_F(Targets, HoldNoMoreThanTheirShareOfTheConnections) {
  other_.hold();
  config::Settings settings = this->settings();
  settings.ingress.max_connections = 25;  // five a share
  const RunningGateway gateway(settings);
  std::vector<HttpClient> waiting;
  for (int n = 0; n < 5; ++n) {
    waiting.push_back(gateway.connect());
    waiting.back().send(post_text(cos_payload({record("b", "1")})));
  }
  ASSERT_TRUE(gateway.wait_for([](const Snapshot& now) { return now.received == 5; }));
  EXPECT_EQ(gateway.post(cos_payload({record("b", "x")}), hint("b")).status, 503U);
  EXPECT_EQ(gateway.post(cos_payload({record("b", "x")})).status, 503U);
  EXPECT_EQ(gateway.post(cos_payload({record("a", "x")}), hint("a")).status, 200U);
  other_.release();
  for (HttpClient& one : waiting) EXPECT_EQ(one.response().status, 200U);
}

// Posts to several wait for the one that hangs, and hold nothing of the others'.
TEST_F(Targets, HoldNothingOfTheOthersForMixedPosts) {
  other_.hold();
  config::Settings settings = this->settings();
  settings.ingress.max_body = 32 << 10;
  settings.ingress.max_in_flight = 5 * (64 << 10);  // 64 KiB a share
  settings.ingress.max_connections = 100;
  const RunningGateway gateway(settings);
  const std::string large(6000, 'k');
  const std::string mixed = cos_payload({record("b", "1"), record("a", large)});
  const std::string alone = cos_payload({record("a", large)});
  const std::size_t most = (64 << 10) / mixed.size();
  std::vector<HttpClient> waiting;
  for (std::size_t sent = 0; sent < most; ++sent) {
    // Each right behind one that leaves the well target's queue the longer one.
    waiting.push_back(gateway.connect());
    waiting.back().send(post_text(alone, hint("a")) + post_text(mixed));
    EXPECT_EQ(waiting.back().response().status, 200U);
  }
  ASSERT_TRUE(gateway.wait_for([&](const Snapshot& now) { return now.received == 3 * most; }));
  const Response refused = gateway.post(mixed);
  EXPECT_EQ(refused.status, 503U);
  EXPECT_THAT(refused.body, HasSubstr("max_in_flight"));
  // All that the well target's share has room for, at once.
  bus_.hold();
  std::vector<HttpClient> well;
  for (std::size_t sent = 0; sent < (64 << 10) / alone.size(); ++sent) {
    well.push_back(gateway.connect());
    well.back().send(post_text(alone, sent % 2 == 0 ? hint("a") : Headers()));
  }
  ASSERT_TRUE(gateway.wait_for(
      [&](const Snapshot& now) { return now.received == 3 * most + well.size(); }));
  bus_.release();
  other_.release();
  for (HttpClient& one : well) EXPECT_EQ(one.response().status, 200U);
  for (HttpClient& one : waiting) EXPECT_EQ(one.response().status, 200U);
}

TEST_F(Targets, HoldNoConnectionsOfTheOthersForMixedPosts) {
  other_.hold();
  config::Settings settings = this->settings();
  settings.ingress.max_connections = 25;  // five a share
  const RunningGateway gateway(settings);
  const std::string mixed = cos_payload({record("b", "1"), record("a", "1")});
  std::vector<HttpClient> waiting;
  for (int n = 0; n < 5; ++n) {
    waiting.push_back(gateway.connect());
    waiting.back().send(post_text(mixed));
  }
  ASSERT_TRUE(gateway.wait_for([](const Snapshot& now) { return now.received == 10; }));
  EXPECT_EQ(gateway.post(mixed).status, 503U);
  EXPECT_EQ(gateway.post(cos_payload({record("a", "x")})).status, 200U);
  EXPECT_EQ(gateway.post(cos_payload({record("c", "x")}), hint("c")).status, 200U);
  other_.release();
  for (HttpClient& one : waiting) EXPECT_EQ(one.response().status, 200U);
}

}  // namespace
}  // namespace gateway::test
