// Clients that write a whole request before they read a byte: they see the answer that refuses it,
// and no reset.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <tuple>

#include "support/eventbus_test.hpp"
#include "support/payloads.hpp"
#include "support/tls_client.hpp"
#include "support/tls_folder.hpp"
#include "testkit/eventually.hpp"

namespace gateway::test {
namespace {

using namespace std::chrono_literals;
using WriteBeforeReadTest = EventbusTest;

constexpr std::size_t kMaxBody = std::size_t{64} << 10;

config::Settings small_settings(std::uint16_t eventbus_port) {
  config::Settings settings = loopback_settings(eventbus_port);
  settings.ingress.max_body = kMaxBody;
  settings.ingress.max_in_flight = std::size_t{1} << 20;
  return settings;
}

// Requests whose client writes to the end before it reads a byte. The text is made by its test: the
// process of each case of this program would make that of all.
struct LargeRequest {
  const char* name;
  std::string (*text)();
  unsigned status;
  void (*change)(config::Settings&) = [](config::Settings&) {};
};

class WriteBeforeRead : public testing::TestWithParam<std::tuple<LargeRequest, bool>> {
 protected:
  [[nodiscard]] static const LargeRequest& request() { return std::get<0>(GetParam()); }
  [[nodiscard]] static bool tls() { return std::get<1>(GetParam()); }
  template <class Client>
  static void sees_the_answer(Client client, std::string_view text) {
    client.send(text);
    const auto answer = client.read();
    ASSERT_TRUE(answer) << "the connection was reset";
    EXPECT_EQ(answer->status, request().status) << answer->body;
  }
};

TEST_P(WriteBeforeRead, SeesTheAnswerThatRefusesIt) {
  ScriptedEventbus bus;
  const TlsFolder folder;
  config::Settings settings = small_settings(bus.port());
  if (tls()) settings.ingress.tls = folder.server();
  request().change(settings);
  RunningGateway gateway(settings);
  const std::string text = request().text();
  for (int i = 0; i < 5; ++i) {
    if (tls()) {
      sees_the_answer(TlsClient(gateway.gateway().port()), text);
    } else {
      sees_the_answer(gateway.connect(), text);
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

constexpr std::string_view kHost = " HTTP/1.1\r\nHost: h\r\n";

std::string large_body() {
  return std::string(std::size_t{9} << 20, 'x');
}
std::string post() {
  return post_text(large_body());
}
std::string chunked_post() {
  return chunked_post_text(large_body(), 10'000);
}

constexpr LargeRequest kLargeRequests[] = {
    {"Announced", post, 413},
    {"Chunked", chunked_post, 413},
    {"InOneChunk", [] { return chunked_post_text(large_body(), large_body().size()); }, 413},
    {"FromHttp10",
     [] {
       return fmt::format("POST / HTTP/1.0\r\nContent-Length: {}\r\n\r\n{}", large_body().size(),
                          large_body());
     },
     413},
    {"MoreThanAnnounced", [] { return post_text(std::string(kMaxBody + 1, 'x')) + large_body(); },
     413},
    {"Unsigned", post, 401, want_signatures},
    {"UnsignedInChunks", chunked_post, 401, want_signatures},
    {"WronglySigned",
     [] { return post_text(large_body(), {{"Authorization", "Bearer nonsense"}}); }, 401,
     want_signatures},
    {"Compressed", [] { return post_text(large_body(), {{"Content-Encoding", "gzip"}}); }, 415,
     take_large_bodies},
    {"BeyondTheBudget", post, 503, have_no_budget},
    {"BeyondTheBudgetInChunks", chunked_post, 503, have_no_budget},
    {"HeadTooLarge", [] { return fmt::format("POST /{}X: {}\r\n\r\n", kHost, large_body()); }, 431},
    {"TargetTooLong", [] { return fmt::format("POST /{}{}\r\n", large_body(), kHost); }, 414},
    {"NoHttp", [] { return "\r\n\r\nnonsense\r\n\r\n" + large_body(); }, 400},
    {"TwoLengths",
     [] {
       return fmt::format("POST /{}Content-Length: 1\r\nContent-Length: 2\r\n\r\n{}", kHost,
                          large_body());
     },
     400},
    {"OtherMethod", [] { return request_text("PUT", "/", large_body()); }, 405, take_large_bodies},
};
INSTANTIATE_TEST_SUITE_P(Kinds, WriteBeforeRead,
                         testing::Combine(testing::ValuesIn(kLargeRequests), testing::Bool()),
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

TEST_F(WriteBeforeReadTest, SeesThatTheGatewayStops) {
  take_large_bodies(settings);
  RunningGateway gateway(settings);
  sees_that_the_gateway_stops(gateway.connect(), bus, gateway);
}

TEST_F(WriteBeforeReadTest, SeesThatTheGatewayStopsOverTls) {
  const TlsFolder folder;
  take_large_bodies(settings);
  settings.ingress.tls = folder.server();
  RunningGateway gateway(settings);
  sees_that_the_gateway_stops(TlsClient(gateway.gateway().port()), bus, gateway);
}

TEST_F(WriteBeforeReadTest, ABodyThatIsHalfWrittenWhenTheGatewayStopsIsTaken) {
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

TEST_F(WriteBeforeReadTest, ARefusalIsSeenAlsoIfTheGatewayStopsMeanwhile) {
  RunningGateway gateway(small_settings(bus.port()));
  HttpClient client = gateway.connect();
  const std::string post = post_text(std::string(std::size_t{9} << 20, 'x'));
  client.send(post.substr(0, post.size() / 2));
  gateway.gateway().stop();
  ASSERT_TRUE(eventually([&] { return refuses_connections(gateway); }));
  client.send(post.substr(post.size() / 2));
  EXPECT_EQ(client.response().status, 413u);
}

TEST_F(WriteBeforeReadTest, APipelinedRequestIsAnsweredBeforeTheOneThatIsTooLarge) {
  const RunningGateway gateway(small_settings(bus.port()));
  HttpClient client = gateway.connect();
  client.send(post_text(cos_payload(1)) + post_text(std::string(std::size_t{9} << 20, 'x')));
  EXPECT_EQ(client.response().status, 200u);
  const Response refused = client.response();
  EXPECT_EQ(refused.status, 413u);
  EXPECT_EQ(refused.headers["Connection"], "close");
}

TEST_F(WriteBeforeReadTest, BeyondTheConnectionLimitTheReasonIsSeen) {
  settings = small_settings(bus.port());
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

TEST_F(WriteBeforeReadTest, ASlowWriterIsReadPastAsLongAsItGoesOn) {
  const RunningGateway gateway(small_settings(bus.port()));
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

}  // namespace
}  // namespace gateway::test
