#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <exception>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "support/delivery_oracle.hpp"
#include "support/payloads.hpp"
#include "support/running_gateway.hpp"
#include "support/scripted_eventbus.hpp"

namespace gateway::test {
namespace {

using namespace std::chrono_literals;
using testing::IsEmpty;

// Shares in a hundred thousand.
ScriptedEventbus::Script random_faults(unsigned seed) {
  auto random = std::make_shared<std::mt19937>(seed);
  return [random](const Request&) {
    const unsigned roll = (*random)() % 100'000;
    if (roll < 2'000) return reply(503);
    if (roll < 2'500) return reset_unanswered();
    if (roll < 2'800) return close_unanswered();
    if (roll < 3'000) return half_status_line();
    if (roll < 3'200) return last_reply(200);
    if (roll < 3'300) return reply(200).then_reset();
    if (roll < 3'400) return garbage().then_close();
    if (roll < 4'000) return reply(200).after(std::chrono::milliseconds((*random)() % 10));
    if (roll < 4'200) return chunked_reply(202, "taken");
    if (roll < 4'203) return never_answer();
    return reply(200);
  };
}

struct Load {
  unsigned seed;
  unsigned threads;
  unsigned pipeline;  // 0: auto
};
void PrintTo(const Load& load, std::ostream* out) {
  *out << load.seed << " threads " << load.threads << " pipeline " << load.pipeline;
}

class RandomFaults : public testing::TestWithParam<Load> {};

TEST_P(RandomFaults, LoseNothingAndInventNothing) {
  constexpr std::size_t kPosts = 10'000;
  constexpr std::size_t kClients = 64;
  ScriptedEventbus bus;
  bus.script(random_faults(GetParam().seed));
  config::Settings settings = loopback_settings(bus.port());
  settings.ingress.threads = GetParam().threads;
  settings.delivery.connections = 2;
  settings.delivery.pipeline = GetParam().pipeline;
  settings.delivery.timeout = 500ms;
  settings.delivery.deadline = 20s;
  RunningGateway gateway(settings);
  DeliveryOracle oracle;
  std::atomic<std::size_t> next{0};
  std::vector<std::thread> clients;
  for (std::size_t c = 0; c < kClients; ++c) {
    clients.emplace_back([&] {
      try {
        HttpClient client(gateway.gateway().port());
        while (true) {
          const std::size_t number = next++;
          if (number >= kPosts) return;
          auto records = cos_records(number % 4, fmt::format("{}-", number));
          const std::string body = cos_payload(records);
          const std::size_t post = oracle.posted(std::move(records));
          oracle.answered(post, client.post(body).status);
        }
      } catch (const std::exception& error) {
        ADD_FAILURE() << error.what();
      }
    });
  }
  for (std::thread& client : clients) client.join();
  EXPECT_EQ(oracle.posts_answered(200), kPosts);
  EXPECT_THAT(oracle.check(bus.requests()), IsEmpty());
  gateway.finish();
  EXPECT_EQ(gateway.snapshot().delivered, oracle.records());
  EXPECT_EQ(gateway.snapshot().received, oracle.records());
  EXPECT_GT(gateway.snapshot().retried_total(), 0u);
}

std::string test_name(const testing::TestParamInfo<Load>& info) {
  return fmt::format("Seed{}Threads{}Pipeline{}", info.param.seed, info.param.threads,
                     info.param.pipeline);
}

INSTANTIATE_TEST_SUITE_P(Over, RandomFaults, testing::Values(Load{1, 1, 0}, Load{2, 2, 16}),
                         test_name);

}  // namespace
}  // namespace gateway::test
