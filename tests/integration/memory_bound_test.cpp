// The memory that `check --connect` says a process takes at most, and a process that is driven to
// it.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <numeric>
#include <string>

#include "gateway/checkup/capacity.hpp"
#include "support/program.hpp"
#include "support/running_gateway.hpp"
#include "support/scripted_eventbus.hpp"
#include "testkit/http_client.hpp"
#include "testkit/process_usage.hpp"
#include "testkit/socket.hpp"

namespace gateway::test {
namespace {

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define COS_GATEWAY_TAKES_MORE_MEMORY 1
#endif
#endif

constexpr unsigned kThreads = 2;
constexpr std::uint64_t kMiB = std::uint64_t{1} << 20;

// The smallest events there are, which are the dearest for their bytes.
std::string dearest_batch(std::size_t size) {
  constexpr std::string_view kEvent = R"({"specversion":"1.0","id":"1","source":"a","type":"b"})";
  std::string batch = "[";
  while (batch.size() + kEvent.size() + 2 < size) {
    batch += kEvent;
    batch += ',';
  }
  batch.back() = ']';
  return batch;
}

TEST(MemoryBound, IsNotExceededByTheDearestPosts) {
#ifdef COS_GATEWAY_TAKES_MORE_MEMORY
  GTEST_SKIP() << "the sanitizer takes memory of its own";
#endif
  ScriptedEventbus bus;
  const std::uint16_t port = free_port();
  const std::uint16_t admin_port = free_port();
  config::Settings settings = loopback_settings(bus.port());
  settings.ingress.max_in_flight = 16 * kMiB;
  settings.ingress.max_connections = 16;
  settings.delivery.queue = {1000, 8 * kMiB};
  settings.delivery.connections = 1;
  RunningProgram program(
      arguments_to_run(port, admin_port, bus.port(),
                       {fmt::format("gateway.threads={}", kThreads), "gateway.max_in_flight=16MiB",
                        "gateway.max_connections=16", "delivery.queue.events=1000",
                        "delivery.queue.bytes=8MiB", "delivery.connections=1"}));
  ASSERT_TRUE(program.wait_until_ready(admin_port));
  const std::string batch = dearest_batch(settings.ingress.max_body);
  for (int i = 0; i < 4; ++i) {
    // More events than the queue takes, which is known when all are read.
    EXPECT_EQ(HttpClient(port)
                  .post(batch, {{"Content-Type", "application/cloudevents-batch+json"}})
                  .status,
              413U);
  }
  const auto parts = checkup::worst_memory(settings, kThreads, false);
  const auto buffers = std::accumulate(
      parts.begin(), parts.end(), std::uint64_t{0},
      [](std::uint64_t sum, const checkup::MemoryPart& part) { return sum + part.bytes; });
  const std::uint64_t peak = usage_of_tree(program.pid()).peak_resident;
  EXPECT_GT(peak, buffers) << "nothing dear was read";
  EXPECT_LE(peak, buffers + checkup::most_while_read(settings, kThreads));
}

}  // namespace
}  // namespace gateway::test
