#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <exception>
#include <optional>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include "support/delivery_oracle.hpp"
#include "support/eventbus_test.hpp"
#include "support/payloads.hpp"

namespace gateway::test {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;
using testing::IsEmpty;
using Shutdown = EventbusTest;

TEST_F(Shutdown, PostsInFlightAreFinishedAndAnswered) {
  RunningGateway gateway(settings);
  bus.hold();
  HttpClient client = gateway.connect();
  client.send(post_text(cos_payload(5)));
  ASSERT_TRUE(bus.wait_for_requests(1));
  gateway.gateway().stop();
  bus.release();
  EXPECT_EQ(client.response().body, R"({"records":5})");
  EXPECT_TRUE(client.closed_by_peer());
  client.close();
  gateway.gateway().wait();
  EXPECT_EQ(gateway.snapshot().delivered, 5u);
}

TEST_F(Shutdown, IdleConnectionsAreClosedAtOnce) {
  RunningGateway gateway(settings);
  HttpClient silent = gateway.connect();
  HttpClient served = gateway.connect();
  EXPECT_EQ(served.post(cos_payload(1)).status, 200u);
  const auto start = Clock::now();
  gateway.gateway().stop();
  EXPECT_TRUE(silent.closed_by_peer());
  EXPECT_TRUE(served.closed_by_peer());
  gateway.gateway().wait();
  EXPECT_LT(Clock::now() - start, 2s);
}

TEST_F(Shutdown, NewPostsAreRefusedWhileOldOnesFinish) {
  RunningGateway gateway(settings);
  bus.hold();
  HttpClient busy = gateway.connect();
  busy.send(post_text(cos_payload(1, "old-")));
  ASSERT_TRUE(bus.wait_for_requests(1));
  gateway.gateway().stop();
  // Once the gateway has gone into draining, whoever comes is refused or told 503.
  try {
    HttpClient late = gateway.connect();
    late.send_until_answered(post_text(cos_payload(1, "new-")));
    const std::optional<Response> answer = late.read();
    if (answer) {
      EXPECT_EQ(answer->status, 503u);
      EXPECT_TRUE(answer->headers.has("Retry-After"));
    }
  } catch (const std::system_error& refused) {
    SUCCEED() << "as good an answer: " << refused.what();
  }
  busy.send_until_answered(post_text(cos_payload(1, "behind-")));
  bus.release();
  EXPECT_EQ(busy.response().status, 200u);
  const std::optional<Response> behind = busy.read();
  if (behind) {
    EXPECT_EQ(behind->status, 503u);
  }
  busy.close();
  gateway.gateway().wait();
  EXPECT_EQ(bus.requests().size(), 1u);
}

TEST_F(Shutdown, PostsAreTakenDuringTheDrainDelayOnConnectionsThatEndAfterThem) {
  settings.ingress.drain_delay = 1s;
  RunningGateway gateway(settings);
  HttpClient known = gateway.connect();
  EXPECT_EQ(known.post(cos_payload(1)).headers["Connection"], "");
  HttpClient idle = gateway.connect();
  const auto start = Clock::now();
  gateway.gateway().stop();
  EXPECT_EQ(gateway.connect_admin().get("/readyz").status, 503u);
  HttpClient late = gateway.connect();
  for (HttpClient* client : {&known, &late}) {
    const Response answer = client->post(cos_payload(1));
    EXPECT_EQ(answer.status, 200u);
    EXPECT_EQ(answer.headers["Connection"], "close");
    EXPECT_TRUE(client->closed_by_peer());
  }
  EXPECT_TRUE(idle.closed_by_peer());
  EXPECT_GE(Clock::now() - start, settings.ingress.drain_delay);
  known.close();
  late.close();
  gateway.gateway().wait();
  EXPECT_EQ(bus.requests().size(), 3u);
}

TEST_F(Shutdown, TheDrainDelayEndsWithTheLastClient) {
  settings.ingress.drain_delay = 30s;
  RunningGateway gateway(settings);
  HttpClient known = gateway.connect();
  HttpClient idle = gateway.connect();
  EXPECT_EQ(known.post(cos_payload(1)).status, 200u);
  const auto start = Clock::now();
  gateway.gateway().stop();
  const Response answer = known.post(cos_payload(1));
  EXPECT_EQ(answer.headers["Connection"], "close");
  known.close();
  EXPECT_FALSE(idle.readable(200ms)) << "idle connections are closed last";
  EXPECT_EQ(idle.post(cos_payload(1)).status, 200u);
  idle.close();
  gateway.gateway().wait();
  EXPECT_LT(Clock::now() - start, 10s);
}

TEST_F(Shutdown, TheDrainDelayGoesOnWhileClientsStillCome) {
  settings.ingress.drain_delay = 30s;
  RunningGateway gateway(settings);
  HttpClient known = gateway.connect();
  EXPECT_EQ(known.post(cos_payload(1)).status, 200u);
  gateway.gateway().stop();
  HttpClient late = gateway.connect();
  EXPECT_EQ(late.post(cos_payload(1)).status, 200u);
  const auto last = Clock::now();
  late.close();
  known.close();
  gateway.gateway().wait();
  EXPECT_GE(Clock::now() - last, 900ms) << "somebody still sends clients here";
  EXPECT_LT(Clock::now() - last, 10s);
}

// What is on its way into the gateway in the moment in which it stops: connections that nobody has
// accepted yet, requests that nobody has read yet.
TEST_F(Shutdown, WhoHasConnectedIsAnswered) {
  constexpr int kClients = 40;
  for (int round = 0; round < 10; ++round) {
    RunningGateway gateway(settings);
    std::vector<HttpClient> clients;
    for (int i = 0; i < kClients / 2; ++i) {
      clients.push_back(gateway.connect());
      EXPECT_EQ(clients.back().post(cos_payload(1)).status, 200u);
    }
    for (HttpClient& client : clients) client.send(post_text(cos_payload(1)));
    for (int i = 0; i < kClients / 2; ++i) {
      clients.push_back(gateway.connect());
      clients.back().send(post_text(cos_payload(1)));
    }
    gateway.gateway().stop();
    for (HttpClient& client : clients) {
      EXPECT_THAT(client.response().status, testing::AnyOf(200u, 503u));
      client.close();
    }
    gateway.gateway().wait();
  }
}

TEST_F(Shutdown, AGatewayThatHadClientsWaitsWhetherMoreCome) {
  settings.ingress.drain_delay = 30s;
  RunningGateway gateway(settings);
  EXPECT_EQ(gateway.post(cos_payload(1)).status, 200u) << "on a connection that ends with it";
  const auto start = Clock::now();
  gateway.gateway().stop();
  gateway.gateway().wait();
  EXPECT_GE(Clock::now() - start, 900ms);
  EXPECT_LT(Clock::now() - start, 10s);
}

TEST_F(Shutdown, AGatewayWithoutClientsDoesNotWaitForAny) {
  settings.ingress.drain_delay = config::Ingress().drain_delay;
  EXPECT_EQ(settings.ingress.drain_delay, 3s);
  RunningGateway gateway(settings);
  const auto start = Clock::now();
  gateway.gateway().stop();
  gateway.gateway().wait();
  EXPECT_LT(Clock::now() - start, 1s);
}

TEST_F(Shutdown, UndeliverablePostsAreGivenUpWhenTheGraceEnds) {
  ScriptedEventbus late(ScriptedEventbus::Start::down);
  settings = loopback_settings(late.port());
  settings.ingress.grace = 200ms;
  RunningGateway gateway(settings);
  HttpClient client = gateway.connect();
  client.send(post_text(cos_payload(3)));
  ASSERT_TRUE(gateway.wait_for([](const auto& now) { return now.received == 3; }));
  const auto start = Clock::now();
  gateway.gateway().stop();
  gateway.gateway().wait();
  EXPECT_GE(Clock::now() - start, 150ms) << "the eventbus might have come back";
  EXPECT_LT(Clock::now() - start, 2s);
  const std::optional<Response> answer = client.read();
  if (answer) {
    EXPECT_THAT(answer->status, testing::AnyOf(503u, 504u));
  }
  EXPECT_EQ(gateway.snapshot().failed[static_cast<std::size_t>(FailReason::shutdown)], 3u);
}

TEST_F(Shutdown, AnIdleGatewayStopsAtOnceAndMoreThanOnce) {
  ScriptedEventbus late(ScriptedEventbus::Start::down);
  settings = loopback_settings(late.port());
  const auto start = Clock::now();
  for (int i = 0; i < 3; ++i) {
    RunningGateway gateway(settings);
    gateway.gateway().stop();
    gateway.gateway().stop();
    gateway.gateway().wait();
    gateway.gateway().wait();
  }
  {
    const Gateway never_started(settings);
  }
  EXPECT_LT(Clock::now() - start, 2s);
}

TEST_F(Shutdown, UnderLoadLosesNothingItSaidYesTo) {
  constexpr int kClients = 16;
  bus.script([](const Request&) { return reply(200).after(1ms); });
  settings.ingress.threads = 2;
  settings.delivery.connections = 2;
  settings.delivery.pipeline = 0;
  RunningGateway gateway(settings);
  DeliveryOracle oracle;
  std::atomic<int> answered{0};
  std::vector<std::thread> threads;
  for (int c = 0; c < kClients; ++c) {
    threads.emplace_back([&, c] {
      try {
        HttpClient client = gateway.connect();
        for (int i = 0;; ++i) {
          auto records = cos_records(2, std::to_string(c) + "-" + std::to_string(i) + "-");
          const std::string body = cos_payload(records);
          const std::size_t post = oracle.posted(std::move(records));
          client.send_until_answered(post_text(body));
          const std::optional<Response> answer = client.read();
          if (!answer) return;
          oracle.answered(post, answer->status);
          if (answer->status != 200) return;
          ++answered;
        }
      } catch (const std::system_error&) {
        return;  // the gateway no longer listens
      } catch (const std::exception& error) {
        ADD_FAILURE() << error.what();
      }
    });
  }
  EXPECT_TRUE(bus.wait_for_requests(500));
  const auto start = Clock::now();
  gateway.gateway().stop();
  gateway.gateway().wait();
  EXPECT_LT(Clock::now() - start, settings.ingress.grace);
  for (std::thread& thread : threads) thread.join();
  EXPECT_GT(answered, 0);
  EXPECT_THAT(oracle.check(bus.requests()), IsEmpty());
  EXPECT_EQ(gateway.snapshot().failed_total(), 0u);
}

}  // namespace
}  // namespace gateway::test
