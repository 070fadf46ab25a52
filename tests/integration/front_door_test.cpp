#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <array>
#include <chrono>
#include <functional>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <tuple>
#include <vector>

#include "support/payloads.hpp"
#include "support/running_gateway.hpp"
#include "support/scripted_eventbus.hpp"
#include "support/tls_client.hpp"
#include "support/tls_folder.hpp"
#include "testkit/eventually.hpp"

// What stands before the events: who gets in, and what those hear who do not.
namespace gateway::test {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::StartsWith;

constexpr std::size_t kMaxBody = std::size_t{64} << 10;

config::Settings front_door_settings(std::uint16_t eventbus_port) {
  config::Settings settings = loopback_settings(eventbus_port);
  settings.ingress.max_body = kMaxBody;
  settings.ingress.max_in_flight = std::size_t{1} << 20;
  return settings;
}

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

// Requests whose client writes to the end before it reads a byte.
struct LargeRequest {
  const char* name;
  std::string text;
  unsigned status;
  std::function<void(config::Settings&)> change = [](config::Settings&) {};
};

class WriteBeforeRead : public testing::TestWithParam<std::tuple<LargeRequest, bool>> {
 protected:
  [[nodiscard]] static const LargeRequest& request() { return std::get<0>(GetParam()); }
  [[nodiscard]] static bool tls() { return std::get<1>(GetParam()); }
  template <class Client>
  static void sees_the_answer(Client client) {
    client.send(request().text);
    const auto answer = client.read();
    ASSERT_TRUE(answer) << "the connection was reset";
    EXPECT_EQ(answer->status, request().status) << answer->body;
  }
};

TEST_P(WriteBeforeRead, SeesTheAnswerThatRefusesIt) {
  ScriptedEventbus bus;
  const TlsFolder folder;
  config::Settings settings = front_door_settings(bus.port());
  if (tls()) settings.ingress.tls = folder.server();
  request().change(settings);
  RunningGateway gateway(settings);
  for (int i = 0; i < 5; ++i) {
    if (tls()) {
      sees_the_answer(TlsClient(gateway.gateway().port()));
    } else {
      sees_the_answer(gateway.connect());
    }
  }
}

void take_large_bodies(config::Settings& settings) {
  settings.ingress.max_body = std::size_t{16} << 20;
  settings.ingress.max_in_flight = std::size_t{16} << 20;
}
void want_signatures(config::Settings& settings) {
  take_large_bodies(settings);
  settings.ingress.auth = config::Auth::hmac;
  settings.ingress.token = Secret(std::string("a token of the test"));
}
void have_no_budget(config::Settings& settings) {
  settings.ingress.max_body = std::size_t{16} << 20;
}

std::vector<LargeRequest> large_requests() {
  const std::string body(std::size_t{9} << 20, 'x');
  const std::string host = " HTTP/1.1\r\nHost: h\r\n";
  return {
      {"Announced", post_text(body), 413},
      {"Chunked", chunked_post_text(body, 10'000), 413},
      {"InOneChunk", chunked_post_text(body, body.size()), 413},
      {"FromHttp10",
       "POST / HTTP/1.0\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body,
       413},
      {"MoreThanAnnounced", post_text(std::string(kMaxBody + 1, 'x')) + body, 413},
      {"Unsigned", post_text(body), 401, want_signatures},
      {"UnsignedInChunks", chunked_post_text(body, 10'000), 401, want_signatures},
      {"WronglySigned", post_text(body, {{"Authorization", "Bearer nonsense"}}), 401,
       want_signatures},
      {"Compressed", post_text(body, {{"Content-Encoding", "gzip"}}), 415, take_large_bodies},
      {"BeyondTheBudget", post_text(body), 503, have_no_budget},
      {"BeyondTheBudgetInChunks", chunked_post_text(body, 10'000), 503, have_no_budget},
      {"HeadTooLarge", "POST /" + host + "X: " + body + "\r\n\r\n", 431},
      {"TargetTooLong", "POST /" + body + host + "\r\n", 414},
      {"NoHttp", "\r\n\r\nnonsense\r\n\r\n" + body, 400},
      {"TwoLengths", "POST /" + host + "Content-Length: 1\r\nContent-Length: 2\r\n\r\n" + body,
       400},
      {"OtherMethod", request_text("PUT", "/", body), 405, take_large_bodies},
  };
}
INSTANTIATE_TEST_SUITE_P(Kinds, WriteBeforeRead,
                         testing::Combine(testing::ValuesIn(large_requests()), testing::Bool()),
                         [](const auto& info) {
                           return std::string(std::get<0>(info.param).name) +
                                  (std::get<1>(info.param) ? "OverTls" : "");
                         });

// Whether it drains.
bool refuses_connections(RunningGateway& gateway) {
  try {
    static_cast<void>(gateway.connect());
    return false;
  } catch (const std::system_error&) {
    return true;
  }
}

// A client that has sent a post begins another one, much larger, when the gateway drains.
template <class Client>
void sees_that_the_gateway_stops(Client client, ScriptedEventbus& bus, RunningGateway& gateway) {
  bus.hold();
  client.send(post_text(cos_payload(1)));
  ASSERT_TRUE(bus.wait_for_requests(1));
  gateway.gateway().stop();
  ASSERT_TRUE(eventually([&] { return refuses_connections(gateway); }));
  std::thread first_answer([&] {
    static_cast<void>(gateway.wait_for([](const observe::Snapshot& now) {
      return now.unavailable[static_cast<std::size_t>(Unavailable::stopping)] == 1;
    }));
    bus.release();
  });
  client.send(post_text(std::string(std::size_t{9} << 20, 'x')));
  first_answer.join();
  EXPECT_EQ(client.response().status, 200u);
  const auto second = client.read();
  ASSERT_TRUE(second) << "the connection was reset";
  EXPECT_EQ(second->status, 503u);
  EXPECT_TRUE(second->headers.has("Retry-After"));
}

TEST(WriteBeforeReadTest, SeesThatTheGatewayStops) {
  ScriptedEventbus bus;
  config::Settings settings = loopback_settings(bus.port());
  take_large_bodies(settings);
  RunningGateway gateway(settings);
  sees_that_the_gateway_stops(gateway.connect(), bus, gateway);
}

TEST(WriteBeforeReadTest, SeesThatTheGatewayStopsOverTls) {
  ScriptedEventbus bus;
  const TlsFolder folder;
  config::Settings settings = loopback_settings(bus.port());
  take_large_bodies(settings);
  settings.ingress.tls = folder.server();
  RunningGateway gateway(settings);
  sees_that_the_gateway_stops(TlsClient(gateway.gateway().port()), bus, gateway);
}

TEST(WriteBeforeReadTest, ABodyThatIsHalfWrittenWhenTheGatewayStopsIsTaken) {
  ScriptedEventbus bus;
  config::Settings settings = loopback_settings(bus.port());
  take_large_bodies(settings);
  RunningGateway gateway(settings);
  HttpClient client = gateway.connect();
  const std::string post =
      post_text(cos_payload(1) + std::string((std::size_t{9} << 20) - 2'000, ' '));
  client.send(post.substr(0, post.size() / 2));
  ASSERT_TRUE(gateway.wait_for(
      [](const observe::Snapshot& now) { return now.in_flight_bytes > (std::size_t{4} << 20); }));
  gateway.gateway().stop();
  ASSERT_TRUE(eventually([&] { return refuses_connections(gateway); }));
  client.send(post.substr(post.size() / 2));
  EXPECT_EQ(client.response().status, 200u);
}

TEST(WriteBeforeReadTest, ARefusalIsSeenAlsoIfTheGatewayStopsMeanwhile) {
  ScriptedEventbus bus;
  RunningGateway gateway(front_door_settings(bus.port()));
  HttpClient client = gateway.connect();
  const std::string post = post_text(std::string(std::size_t{9} << 20, 'x'));
  client.send(post.substr(0, post.size() / 2));
  gateway.gateway().stop();
  ASSERT_TRUE(eventually([&] { return refuses_connections(gateway); }));
  client.send(post.substr(post.size() / 2));
  EXPECT_EQ(client.response().status, 413u);
}

TEST(WriteBeforeReadTest, APipelinedRequestIsAnsweredBeforeTheOneThatIsTooLarge) {
  ScriptedEventbus bus;
  const RunningGateway gateway(front_door_settings(bus.port()));
  HttpClient client = gateway.connect();
  client.send(post_text(cos_payload(1)) + post_text(std::string(std::size_t{9} << 20, 'x')));
  EXPECT_EQ(client.response().status, 200u);
  const Response refused = client.response();
  EXPECT_EQ(refused.status, 413u);
  EXPECT_EQ(refused.headers["Connection"], "close");
}

TEST(WriteBeforeReadTest, BeyondTheConnectionLimitTheReasonIsSeen) {
  ScriptedEventbus bus;
  config::Settings settings = front_door_settings(bus.port());
  settings.ingress.max_connections = 1;
  const RunningGateway gateway(settings);
  bus.hold();
  HttpClient busy = gateway.connect();
  busy.send(post_text(cos_payload(1)));
  ASSERT_TRUE(bus.wait_for_requests(1));
  HttpClient late = gateway.connect();
  late.send(post_text(std::string(kMaxBody, 'x')) + std::string(std::size_t{4} << 20, 'x'));
  EXPECT_EQ(late.response().status, 503u);
  bus.release();
  EXPECT_EQ(busy.response().status, 200u);
}

TEST(WriteBeforeReadTest, ASlowWriterIsReadPastAsLongAsItGoesOn) {
  ScriptedEventbus bus;
  const RunningGateway gateway(front_door_settings(bus.port()));
  HttpClient client = gateway.connect();
  client.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 300000\r\n\r\n");
  // Longer than the pause after which a silent client is given up.
  const auto until = std::chrono::steady_clock::now() + 2'500ms;
  while (std::chrono::steady_clock::now() < until) {
    client.send(std::string(10'000, 'x'));
    ASSERT_TRUE(client.readable(5'000ms)) << "the answer comes at once";
    const timespec pause{0, 100'000'000};
    ::nanosleep(&pause, nullptr);
  }
  EXPECT_EQ(client.response().status, 413u);
}

TEST(GatewayPort, AnswersHealthAsTheAdminPortDoes) {
  ScriptedEventbus bus;
  const RunningGateway gateway(loopback_settings(bus.port()));
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

TEST(GatewayPort, TellsPeopleWhereToLook) {
  ScriptedEventbus bus;
  const RunningGateway gateway(loopback_settings(bus.port()));
  HttpClient client = gateway.connect();
  const Response answer = client.get("/metrics");
  EXPECT_EQ(answer.status, 405u);
  EXPECT_THAT(answer.body, HasSubstr("gateway.admin"));
  client.send(request_text("HEAD", "/", ""));
  const std::string head = raw_answer(client);
  EXPECT_THAT(head, StartsWith("HTTP/1.1 405 "));
  EXPECT_TRUE(head.ends_with("\r\n\r\n")) << head;
}

TEST(ProxyProtocol, TakesPostsBehindAHeaderOfEitherVersion) {
  ScriptedEventbus bus;
  config::Settings settings = loopback_settings(bus.port());
  settings.ingress.proxy_protocol = true;
  const RunningGateway gateway(settings);
  const std::string binary =
      std::string("\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c", 16) + "\xc0\1\2\7\n\1\1\1\1\1\2\2";
  const std::string local = std::string("\r\n\r\n\0\r\nQUIT\n\x20\0\0\0", 16);
  const std::string line = "PROXY TCP4 192.0.2.7 10.0.0.1 12345 8080\r\n";
  for (const std::string& header : {line, binary, local, std::string("PROXY UNKNOWN\r\n")}) {
    HttpClient client = gateway.connect();
    client.send(header + post_text(cos_payload(1)));
    EXPECT_EQ(client.response().status, 200u);
    EXPECT_EQ(client.post(cos_payload(1)).status, 200u) << "one header a connection";
    HttpClient slow = gateway.connect();
    slow.send_bytewise(header);
    EXPECT_EQ(slow.post(cos_payload(1)).status, 200u);
  }
}

TEST(ProxyProtocol, ClosesWhatBeginsWithoutAHeader) {
  ScriptedEventbus bus;
  config::Settings settings = loopback_settings(bus.port());
  settings.ingress.proxy_protocol = true;
  settings.ingress.request_timeout = 200ms;
  const RunningGateway gateway(settings);
  for (const std::string& bytes :
       {std::string("\x16\x03\x01 as TLS begins"), std::string("PROXY TCP4 nonsense\r\n"),
        std::string("PROXY TCP4 192.0.2.7"), std::string()}) {
    HttpClient client = gateway.connect();
    client.send(bytes);
    EXPECT_TRUE(client.closed_by_peer()) << bytes;
  }
  EXPECT_EQ(gateway.snapshot().proxy_headers_refused, 4u);
  EXPECT_TRUE(bus.requests().empty());
}

// Whoever takes the way around the balancer, or has one that sends no header, is told what to do.
TEST(ProxyProtocol, TellsARequestWithoutAHeaderWhatIsMissing) {
  const TlsFolder folder;
  for (const bool tls : {false, true}) {
    ScriptedEventbus bus;
    config::Settings settings = loopback_settings(bus.port());
    settings.ingress.proxy_protocol = true;
    if (tls) settings.ingress.tls = folder.server();
    const RunningGateway gateway(settings);
    for (const std::string& request :
         {post_text(cos_payload(1)), request_text("GET", "/healthz", ""),
          post_text(std::string(std::size_t{9} << 20, 'x'))}) {
      HttpClient client = gateway.connect();
      client.send(request);
      const auto answer = client.read();
      ASSERT_TRUE(answer) << "the connection was reset";
      EXPECT_EQ(answer->status, 400u);
      EXPECT_THAT(answer->body, HasSubstr("gateway.proxy_protocol"));
      EXPECT_TRUE(client.closed_by_peer());
    }
    EXPECT_EQ(gateway.snapshot().proxy_headers_refused, 3u);
    EXPECT_TRUE(bus.requests().empty());
  }
}

TEST(ProxyProtocol, CountsConnectionsByWhomTheHeaderNames) {
  ScriptedEventbus bus;
  config::Settings settings = loopback_settings(bus.port());
  settings.ingress.proxy_protocol = true;
  settings.ingress.max_per_source = 1;
  const RunningGateway gateway(settings);
  const auto post_from = [&](HttpClient& client, const std::string& address) {
    client.send("PROXY TCP4 " + address + " 10.0.0.1 1 2\r\n" + post_text(cos_payload(1)));
    return client.response().status;
  };
  HttpClient first = gateway.connect();
  HttpClient other = gateway.connect();
  HttpClient again = gateway.connect();
  EXPECT_EQ(post_from(first, "192.0.2.1"), 200u);
  EXPECT_EQ(post_from(other, "192.0.2.2"), 200u) << "both come from the same balancer";
  EXPECT_EQ(post_from(again, "192.0.2.1"), 503u);
  EXPECT_TRUE(again.closed_by_peer());
}

TEST(AdminPort, ProbesGetThroughACrowdThatSaysNothing) {
  ScriptedEventbus bus;
  const RunningGateway gateway(loopback_settings(bus.port()));
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

TEST(AdminPort, WatchersNeitherKeepProbesOutNorOthersInTheDark) {
  ScriptedEventbus bus;
  const RunningGateway gateway(loopback_settings(bus.port()));
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

TEST(AdminPort, AsksForItsTokenAndItsHostButNotOfProbes) {
  ScriptedEventbus bus;
  config::Settings settings = loopback_settings(bus.port());
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
