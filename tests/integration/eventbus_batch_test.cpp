#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <string>
#include <thread>
#include <vector>

#include "support/payloads.hpp"
#include "support/running_gateway.hpp"
#include "support/scripted_eventbus.hpp"

// Events that share a request: what one of them, or their number, does to the others.
namespace gateway::test {
namespace {

namespace json = boost::json;

config::Settings batches(const ScriptedEventbus& bus) {
  config::Settings settings = loopback_settings(bus.port());
  settings.delivery.mode = config::Mode::batch;
  return settings;
}

bool holds_poison(const Request& request) {
  return request.body.find("poison") != std::string::npos;
}

TEST(EventbusBatch, OnlyTheEventThatIsRefusedFails) {
  for (const std::size_t at : {0U, 50U, 99U}) {
    SCOPED_TRACE(at);
    ScriptedEventbus bus;
    bus.script([](const Request& request) { return reply(holds_poison(request) ? 400 : 200); });
    const RunningGateway gateway(batches(bus));
    std::vector<std::string> records = cos_records(100);
    records[at] = cos_record("poison");
    const Response answer = gateway.post(cos_payload(records));
    EXPECT_EQ(answer.status, 502u);
    const json::value body = json::parse(answer.body);
    EXPECT_EQ(body.at("delivered").to_number<unsigned>(), 99U);
    ASSERT_EQ(body.at("failed").as_array().size(), 1u);
    EXPECT_EQ(body.at("failed").at(0).at("index").to_number<unsigned>(), at);
    EXPECT_EQ(body.at("failed").at(0).at("status").to_number<unsigned>(), 400U);
    EXPECT_LE(bus.requests().size(), 16u) << "it is found by halves";
  }
}

TEST(EventbusBatch, PostsOfOthersDoNotFailWithIt) {
  ScriptedEventbus bus;
  bus.script([](const Request& request) { return reply(holds_poison(request) ? 422 : 200); });
  const RunningGateway gateway(batches(bus));
  bus.hold();
  HttpClient first = gateway.connect();
  first.send(post_text(cos_payload(1)));
  ASSERT_TRUE(bus.wait_for_requests(1));
  // These share the next request.
  std::vector<HttpClient> good;
  for (int i = 0; i < 5; ++i) {
    good.push_back(gateway.connect());
    good.back().send(post_text(cos_payload(3, "good-" + std::to_string(i) + "-")));
  }
  HttpClient sick = gateway.connect();
  sick.send(post_text(cos_payload({cos_record("poison")})));
  ASSERT_TRUE(gateway.wait_for([](const observe::Snapshot& now) { return now.received == 17; }));
  bus.release();
  EXPECT_EQ(first.response().status, 200u);
  for (HttpClient& client : good) EXPECT_EQ(client.response().status, 200u);
  EXPECT_EQ(sick.response().status, 502u);
}

TEST(EventbusBatch, IsNeverLargerThanTheEventbusTakes) {
  constexpr std::size_t kMost = 20'000;
  ScriptedEventbus bus;
  bus.script([](const Request& request) { return reply(request.body.size() > kMost ? 413 : 200); });
  const RunningGateway gateway(batches(bus));
  HttpClient client = gateway.connect();
  EXPECT_EQ(client.post(cos_payload(100)).status, 200u);
  const std::size_t learning = bus.requests().size();
  for (int i = 0; i < 3; ++i) EXPECT_EQ(client.post(cos_payload(100)).status, 200u);
  std::size_t refused = 0;
  for (std::size_t i = learning; i < bus.requests().size(); ++i) {
    refused += bus.requests()[i].answered == 413;
  }
  EXPECT_LE(refused, 2u) << "the size is learned";
}

TEST(EventbusBatch, AnEventThatFailsItsRequestTimeAndAgainEndsUpAlone) {
  ScriptedEventbus bus;
  bus.script([](const Request& request) { return reply(holds_poison(request) ? 500 : 200); });
  config::Settings settings = batches(bus);
  settings.delivery.deadline = std::chrono::seconds(3);
  settings.delivery.retry.initial = settings.delivery.retry.max = std::chrono::milliseconds(50);
  const RunningGateway gateway(settings);
  std::vector<std::string> records = cos_records(100);
  records[50] = cos_record("poison");
  EXPECT_EQ(gateway.post(cos_payload(records)).status, 504u);
  EXPECT_TRUE(gateway.wait_for([](const observe::Snapshot& now) { return now.in_flight() == 0; }));
  EXPECT_EQ(gateway.snapshot().delivered, 99u);
}

}  // namespace
}  // namespace gateway::test
