#include "demo/demo_eventbus.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "testkit/http_client.hpp"
#include "testkit/loop_thread.hpp"

namespace gateway::demo {
namespace {

using test::HttpClient;
using test::post_text;

struct Seen {
  events::ContentMode mode{};
  std::string id;
  std::string data;
};

class DemoEventbusTest : public testing::Test {
 protected:
  DemoEventbusTest() {
    loop_.call([this] {
      bus_.emplace(loop_.poller(), DemoEventbus::settings(), &script_);
      loop_.drive(*bus_);
    });
  }
  ~DemoEventbusTest() override { loop_.stop(); }

  HttpClient connect() { return HttpClient(bus_->port()); }
  std::vector<Seen> seen() {
    std::vector<Seen> all;
    loop_.call([&] { all = seen_; });
    return all;
  }

  std::vector<Seen> seen_;
  DemoEventbus script_{[this](const test::MessageView&, const test::ReceivedEvents& received,
                              std::chrono::steady_clock::time_point) {
    for (const auto& event : received.events) {
      seen_.push_back({received.mode, std::string(event.attribute("id")), event.data});
    }
  }};
  std::optional<test::Bus> bus_;
  test::LoopThread loop_{"eventbus"};
};

std::string binary_event(const std::string& id, const std::string& data) {
  return post_text(data, {{"Content-Type", "application/json"},
                          {"ce-specversion", "1.0"},
                          {"ce-id", id},
                          {"ce-source", "s"},
                          {"ce-type", "t"}});
}

TEST_F(DemoEventbusTest, RefusesEveryNthRequestIfAsked) {
  loop_.call([this] { script_.refuse_every(2); });
  HttpClient client = connect();
  client.send(binary_event("1", "{}") + binary_event("2", "{}") + binary_event("3", "{}"));
  EXPECT_EQ(client.response().status, 200U);
  EXPECT_EQ(client.response().status, 422U);
  EXPECT_EQ(client.response().status, 200U);
  ASSERT_EQ(seen().size(), 2U);
  EXPECT_EQ(seen()[0].id, "1");
  EXPECT_EQ(seen()[1].id, "3");
}

TEST_F(DemoEventbusTest, TakesPipelinedEvents) {
  HttpClient client = connect();
  client.send(binary_event("1", R"({"a":  1})") + binary_event("2", "{}"));
  EXPECT_EQ(client.response().status, 200U);
  EXPECT_EQ(client.response().status, 200U);
  ASSERT_EQ(seen().size(), 2U);
  EXPECT_EQ(seen()[0].data, R"({"a":  1})") << "byte for byte";
  EXPECT_EQ(seen()[0].mode, events::ContentMode::binary);
  EXPECT_EQ(seen()[1].id, "2");
}

TEST_F(DemoEventbusTest, ReadsStructuredEvents) {
  HttpClient client = connect();
  client.send(post_text(R"({"specversion":"1.0","id":"7","source":"s","type":"t","data":{"b": 2}})",
                        {{"Content-Type", "application/cloudevents+json"}}));
  EXPECT_EQ(client.response().status, 200U);
  ASSERT_EQ(seen().size(), 1U);
  EXPECT_EQ(seen()[0].mode, events::ContentMode::structured);
  EXPECT_EQ(seen()[0].id, "7");
  EXPECT_EQ(seen()[0].data, R"({"b": 2})");
}

TEST_F(DemoEventbusTest, ReadsBatches) {
  HttpClient client = connect();
  client.send(post_text(R"([{"specversion":"1.0","id":"1","source":"s","type":"t","data":1},)"
                        R"({"specversion":"1.0","id":"2","source":"s","type":"t","data":2}])",
                        {{"Content-Type", "application/cloudevents-batch+json; charset=utf-8"}}));
  EXPECT_EQ(client.response().status, 200U);
  ASSERT_EQ(seen().size(), 2U);
  EXPECT_EQ(seen()[0].mode, events::ContentMode::batch);
  EXPECT_EQ(seen()[1].id, "2");
  EXPECT_EQ(seen()[1].data, "2");
}

TEST_F(DemoEventbusTest, RefusesAndClosesOnWhatIsNoCloudEvent) {
  HttpClient client = connect();
  client.send(binary_event("1", "{}") + post_text("{}", {{"Content-Type", "application/json"}}));
  EXPECT_EQ(client.response().status, 200U);
  EXPECT_EQ(client.response().status, 400U);
  EXPECT_TRUE(client.closed_by_peer());
  EXPECT_EQ(seen().size(), 1U);
}

TEST_F(DemoEventbusTest, RefusesAndClosesOnWhatIsNoHttp) {
  HttpClient client = connect();
  client.send("hello\r\n\r\n");
  EXPECT_EQ(client.response().status, 400U);
  EXPECT_TRUE(client.closed_by_peer());
  EXPECT_TRUE(seen().empty());
}

TEST_F(DemoEventbusTest, AnswersTheHandshakeOfWebhooks) {
  HttpClient client = connect();
  client.send(
      "OPTIONS /gateway/demo HTTP/1.1\r\nHost: x\r\nWebHook-Request-Origin: gateway.example.com\r\n"
      "WebHook-Request-Rate: 120\r\n\r\n");
  const test::Response response = client.response();
  EXPECT_EQ(response.status, 200U);
  EXPECT_EQ(response.headers["WebHook-Allowed-Origin"], "gateway.example.com");
  EXPECT_EQ(response.headers["WebHook-Allowed-Rate"], "*");
  EXPECT_THAT(response.headers["Allow"], testing::HasSubstr("POST"));
  client.send("OPTIONS / HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_FALSE(client.response().headers.has("WebHook-Allowed-Origin"));
}

}  // namespace
}  // namespace gateway::demo
