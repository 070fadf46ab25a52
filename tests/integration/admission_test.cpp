#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "events/number_text.hpp"
#include "support/eventbus_test.hpp"
#include "support/payloads.hpp"

// What the gateway does not take, and how early it says so.
namespace gateway::test {
namespace {

using namespace std::chrono_literals;
using testing::IsEmpty;
using Admission = EventbusTest;

std::string head_only(std::size_t length, std::string_view more = "") {
  return fmt::format("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n{}\r\n", length, more);
}

void expect_refused_for_now(const Response& answer) {
  EXPECT_EQ(answer.status, 503u);
  const std::string_view text = answer.headers["Retry-After"];
  const auto seconds = read_number<unsigned>(text);
  ASSERT_TRUE(seconds) << text;
  EXPECT_GE(*seconds, 1u);
}

TEST_F(Admission, ABodyOverTheLimitIsRefusedBeforeItIsSent) {
  settings.ingress.max_body = 4096;
  const RunningGateway gateway(settings);
  HttpClient client = gateway.connect();
  client.send(head_only(4097));
  EXPECT_EQ(client.response().status, 413u);
  EXPECT_THAT(bus.requests(), IsEmpty());
}

TEST_F(Admission, ExpectContinueIsNotGrantedToABodyOverTheLimit) {
  settings.ingress.max_body = 4096;
  const RunningGateway gateway(settings);
  HttpClient client = gateway.connect();
  client.send(head_only(4097, "Expect: 100-continue\r\n"));
  EXPECT_EQ(client.response().status, 413u);
}

TEST_F(Admission, ABodyOfExactlyTheLimitIsTaken) {
  const std::string body = cos_payload(3);
  settings.ingress.max_body = body.size();
  const RunningGateway gateway(settings);
  HttpClient client = gateway.connect();
  EXPECT_EQ(client.post(body).status, 200u);
  client.send(chunked_post_text(body, 100));
  EXPECT_EQ(client.response().status, 200u);
}

TEST_F(Admission, AChunkedBodyIsRefusedWhenItGrowsOverTheLimit) {
  settings.ingress.max_body = 4096;
  const RunningGateway gateway(settings);
  HttpClient client = gateway.connect();
  client.send_until_answered(chunked_post_text(cos_payload(500), 512));
  EXPECT_EQ(client.response().status, 413u);
  EXPECT_TRUE(client.closed_by_peer());
  EXPECT_THAT(bus.requests(), IsEmpty());
}

TEST_F(Admission, PostsOverTheByteBudgetAreRefusedBeforeTheirBodyIsSent) {
  const std::string body = cos_payload(20);
  settings.ingress.max_in_flight = body.size() * 3 / 2;
  const RunningGateway gateway(settings);
  bus.hold();
  HttpClient first = gateway.connect();
  first.send(post_text(body));
  ASSERT_TRUE(bus.wait_for_requests(1));
  HttpClient second = gateway.connect();
  second.send(head_only(body.size()));
  expect_refused_for_now(second.response());
  bus.release();
  EXPECT_EQ(first.response().status, 200u);
  EXPECT_EQ(gateway.post(body).status, 200u) << "the budget was not given back";
}

TEST_F(Admission, AConnectionIsGoodForTheNextPostAfterALargeOneThatWasTurnedAway) {
  settings.ingress.max_in_flight = std::size_t{128} << 10;
  const RunningGateway gateway(settings);
  HttpClient client = gateway.connect();
  const std::string large = cos_payload(1000);
  const std::string small = cos_payload(2);
  for (int i = 0; i < 3; ++i) {
    client.send(post_text(large) + post_text(small));
    expect_refused_for_now(client.response());
    EXPECT_EQ(client.response().status, 200u);
  }
  EXPECT_TRUE(bus.wait_for_requests(6));
}

TEST_F(Admission, BodiesThatAreOnlyAnnouncedDoNotUseTheByteBudgetUp) {
  settings.ingress.max_in_flight = std::size_t{2} << 20;
  const RunningGateway gateway(settings);
  std::vector<HttpClient> waiting;
  for (int i = 0; i < 10; ++i) {
    waiting.push_back(gateway.connect());
    waiting.back().send(head_only(std::size_t{1} << 20));
  }
  EXPECT_EQ(gateway.post(cos_payload(1)).status, 200u);
}

TEST_F(Admission, ABodyThatOutgrowsTheByteBudgetIsRefused) {
  const std::string body = cos_payload(600);
  settings.ingress.max_in_flight = body.size() * 3 / 2;
  const RunningGateway gateway(settings);
  bus.hold();
  HttpClient second = gateway.connect();
  second.send(head_only(body.size(), "Expect: 100-continue\r\n"));
  ASSERT_EQ(second.response().status, 100u) << "there is room for it";
  HttpClient first = gateway.connect();
  first.send(post_text(body));
  ASSERT_TRUE(bus.wait_for_requests(1));
  second.send_until_answered(body);  // there is none any more
  expect_refused_for_now(second.response());
  bus.release();
  EXPECT_EQ(first.response().status, 200u);
  EXPECT_EQ(gateway.post(body).status, 200u) << "the budget was not given back";
}

TEST_F(Admission, PostsAreRefusedWhileTheQueueIsFull) {
  settings.delivery.queue.events = 10;
  const RunningGateway gateway(settings);
  bus.hold();
  std::vector<HttpClient> clients;
  for (int i = 0; i < 5; ++i) {
    clients.push_back(gateway.connect());
    clients.back().send(post_text(cos_payload(10)));
  }
  const std::size_t refused = first_readable(clients);
  expect_refused_for_now(clients[refused].response());
  bus.release();
  for (std::size_t i = 0; i < clients.size(); ++i) {
    if (i == refused) continue;
    EXPECT_THAT(clients[i].response().status, testing::AnyOf(200u, 503u)) << i;
  }
  EXPECT_EQ(gateway.post(cos_payload(10)).status, 200u);
}

TEST_F(Admission, ConnectionsOverTheLimitAreToldToComeBack) {
  settings.ingress.max_connections = 2;
  RunningGateway gateway(settings);
  HttpClient first = gateway.connect();
  HttpClient second = gateway.connect();
  EXPECT_EQ(first.post(cos_payload(1)).status, 200u);
  EXPECT_EQ(second.post(cos_payload(1)).status, 200u);
  HttpClient third = gateway.connect();
  third.send_until_answered(post_text(cos_payload(1)));
  expect_refused_for_now(third.response());
  EXPECT_TRUE(third.closed_by_peer());
  third.close();
  EXPECT_EQ(first.post(cos_payload(1)).status, 200u) << "those who were there stay";
  second.close();
  ASSERT_TRUE(gateway.wait_for([](const auto& now) { return now.connections == 1; }));
  EXPECT_EQ(gateway.post(cos_payload(1)).status, 200u) << "there is room again";
}

TEST_F(Admission, ARequestThatDoesNotEndGets408) {
  const std::string whole = post_text(cos_payload(2));
  const std::vector<std::pair<const char*, std::string>> parts{
      {"in the request line", whole.substr(0, 3)},
      {"in the headers", whole.substr(0, 30)},
      {"in the body", whole.substr(0, whole.size() - 1)},
      {"in a chunk", chunked_post_text(cos_payload(2), 50).substr(0, 200)}};
  settings.ingress.request_timeout = 100ms;
  const RunningGateway gateway(settings);
  for (const auto& [where, bytes] : parts) {
    SCOPED_TRACE(where);
    HttpClient client = gateway.connect();
    client.send(bytes);
    EXPECT_EQ(client.response().status, 408u);
    EXPECT_TRUE(client.closed_by_peer());
  }
  EXPECT_THAT(bus.requests(), IsEmpty());
}

TEST_F(Admission, DrippingBytesDoNotPutTheTimeoutOff) {
  settings.ingress.request_timeout = 150ms;
  const RunningGateway gateway(settings);
  HttpClient client = gateway.connect();
  client.send("POST / HTTP/1.1\r\nHost: a\r\nX-Slow: ");
  const auto start = std::chrono::steady_clock::now();
  while (!client.readable(10ms)) {
    ASSERT_LT(std::chrono::steady_clock::now() - start, 5s);
    client.send_until_answered("x");
  }
  EXPECT_EQ(client.response().status, 408u);
}

TEST_F(Admission, WaitingForTheEventbusIsNotAnUnfinishedRequest) {
  bus.next(reply(200).after(300ms));
  settings.ingress.request_timeout = 50ms;
  settings.ingress.idle_timeout = 50ms;
  const RunningGateway gateway(settings);
  EXPECT_EQ(gateway.post(cos_payload(1)).status, 200u);
}

TEST_F(Admission, IdleConnectionsAreClosed) {
  settings.ingress.idle_timeout = 100ms;
  const RunningGateway gateway(settings);
  HttpClient silent = gateway.connect();
  HttpClient served = gateway.connect();
  EXPECT_EQ(served.post(cos_payload(1)).status, 200u);
  EXPECT_TRUE(served.closed_by_peer());
  EXPECT_TRUE(silent.closed_by_peer());
}

}  // namespace
}  // namespace gateway::test
