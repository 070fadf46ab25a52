#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <array>
#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "support/eventbus_test.hpp"
#include "support/payloads.hpp"

// What stands before the events: who gets in, and what those hear who do not.
namespace gateway::test {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::StartsWith;
using GatewayPort = EventbusTest;
using AdminPort = EventbusTest;

// What comes within a moment, unread by any parser.
std::string raw_answer(const HttpClient& client) {
  std::string text;
  std::array<char, 4096> room{};
  while (client.readable(text.empty() ? 5'000ms : 100ms)) {
    const ssize_t size = ::recv(client.fd(), room.data(), room.size(), 0);
    if (size <= 0) break;
    text.append(room.data(), static_cast<std::size_t>(size));
  }
  return text;
}

TEST_F(GatewayPort, AnswersHealthAsTheAdminPortDoes) {
  const RunningGateway gateway(settings);
  HttpClient client = gateway.connect();
  const Response answer = client.get("/healthz");
  const Response admin = gateway.connect_admin().get("/healthz");
  EXPECT_EQ(answer.status, 200u);
  EXPECT_EQ(answer.body, admin.body);
  EXPECT_EQ(answer.headers["Content-Type"], admin.headers["Content-Type"]);
  EXPECT_EQ(client.post(cos_payload(1)).status, 200u) << "the connection goes on";
  client.send(request_text("HEAD", "/healthz", ""));
  const std::string head = raw_answer(client);
  EXPECT_THAT(head, StartsWith("HTTP/1.1 200 "));
  EXPECT_TRUE(head.ends_with("\r\n\r\n")) << head;
}

TEST_F(GatewayPort, TellsPeopleWhereToLook) {
  const RunningGateway gateway(settings);
  HttpClient client = gateway.connect();
  const Response answer = client.get("/metrics");
  EXPECT_EQ(answer.status, 405u);
  EXPECT_THAT(answer.body, HasSubstr("gateway.admin"));
  client.send(request_text("HEAD", "/", ""));
  const std::string head = raw_answer(client);
  EXPECT_THAT(head, StartsWith("HTTP/1.1 405 "));
  EXPECT_TRUE(head.ends_with("\r\n\r\n")) << head;
}

TEST_F(AdminPort, ProbesGetThroughACrowdThatSaysNothing) {
  const RunningGateway gateway(settings);
  std::vector<HttpClient> crowd;
  for (int i = 0; i < 150; ++i) {
    crowd.push_back(gateway.connect_admin());
    if (i % 3 == 0) static_cast<void>(crowd.back().send_until_answered("GET /healthz HT"));
  }
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(gateway.connect_admin().get("/healthz").status, 200u);
    EXPECT_EQ(gateway.connect_admin().get("/readyz").status, 200u);
  }
}

TEST_F(AdminPort, WatchersNeitherKeepProbesOutNorOthersInTheDark) {
  const RunningGateway gateway(settings);
  std::vector<HttpClient> watchers;
  for (int i = 0; i < 8; ++i) {
    watchers.push_back(gateway.connect_admin());
    watchers.back().send(request_text("GET", "/stream", ""));
    ASSERT_TRUE(watchers.back().readable(5'000ms));
  }
  const Response ninth = gateway.connect_admin().get("/stream");
  EXPECT_EQ(ninth.status, 503u);
  EXPECT_THAT(ninth.body, HasSubstr("8 at /stream already"));
  EXPECT_TRUE(ninth.headers.has("Retry-After"));
  std::vector<HttpClient> crowd;
  for (int i = 0; i < 70; ++i) crowd.push_back(gateway.connect_admin());
  EXPECT_EQ(gateway.connect_admin().get("/healthz").status, 200u);
  EXPECT_THAT(raw_answer(watchers.front()), HasSubstr("event: status")) << "it is not closed";
}

TEST_F(AdminPort, AsksForItsTokenAndItsHostButNotOfProbes) {
  settings.ingress.admin_token = Secret(std::string("open-sesame"));
  settings.ingress.admin_host = "gateway.example";
  const RunningGateway gateway(settings);
  const auto status_of = [&](std::string_view target, const std::string& fields) {
    HttpClient client = gateway.connect_admin();
    client.send("GET " + std::string(target) + " HTTP/1.1\r\n" + fields + "\r\n");
    return client.response().status;
  };
  const std::string host = "Host: gateway.example:9464\r\n";
  const std::string token = "Authorization: Bearer open-sesame\r\n";
  for (const char* target : {"/", "/status", "/config", "/history"}) {
    EXPECT_EQ(status_of(target, host + token), 200u) << target;
    EXPECT_EQ(status_of(target, host), 401u) << target;
    EXPECT_EQ(status_of(target, "Host: evil.example\r\n" + token), 421u) << target;
  }
  EXPECT_EQ(status_of("/stream", host), 401u);
  for (const char* target : {"/healthz", "/readyz", "/metrics"}) {
    EXPECT_EQ(status_of(target, "Host: 10.0.0.7:9464\r\n"), 200u) << target;
  }
}

}  // namespace
}  // namespace gateway::test
