#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <chrono>
#include <string>
#include <vector>

#include "support/exposition.hpp"
#include "support/http_client.hpp"
#include "support/payloads.hpp"
#include "support/program.hpp"
#include "support/scripted_eventbus.hpp"

// More clients than the process may have descriptors.
namespace gateway::test {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

constexpr rlim_t kDescriptors = 80;

std::size_t occurrences(std::string_view text, std::string_view part) {
  std::size_t count = 0;
  for (auto at = text.find(part); at != std::string_view::npos; at = text.find(part, at + 1)) {
    ++count;
  }
  return count;
}

// UndefinedBehaviorSanitizer asks a pipe whether an object can be read; without descriptors it
// takes good objects for bad ones and ends the program.
#if defined(__has_feature)
#if __has_feature(undefined_behavior_sanitizer)
#define COS_GATEWAY_NEEDS_DESCRIPTORS 1
#endif
#endif

TEST(Descriptors, RunningOutOfThemHoldsUpNewConnectionsOnly) {
#ifdef COS_GATEWAY_NEEDS_DESCRIPTORS
  GTEST_SKIP() << "the sanitizer itself needs descriptors";
#endif
  ScriptedEventbus bus;
  const std::uint16_t port = free_port();
  const std::uint16_t admin_port = free_port();
  RunningProgram program(
      {"run", "--config", "/dev/null", "--set", fmt::format("target=127.0.0.1:{}", bus.port()),
       "--set", "eventbus=test", "--set", "function.provision=false", "--set",
       fmt::format("gateway.listen=127.0.0.1:{}", port), "--set",
       fmt::format("gateway.admin=127.0.0.1:{}", admin_port), "--set", "gateway.auth=none", "--set",
       "gateway.threads=1"},
      [] {
        const rlimit limit{kDescriptors, kDescriptors};
        setrlimit(RLIMIT_NOFILE, &limit);
      });
  ASSERT_TRUE(program.wait_until_ready(admin_port)) << program.stop().err;
  HttpClient admin(admin_port);
  HttpClient early(port);
  EXPECT_EQ(early.post(cos_payload(1)).status, 200u);
  const auto pauses = [&admin] {
    return parse_exposition(admin.get("/metrics").body).total("cos_gateway_accept_pauses_total");
  };
  EXPECT_EQ(pauses(), 0);

  const auto start = std::chrono::steady_clock::now();
  std::vector<HttpClient> crowd;
  for (std::size_t i = 0; i < 2 * kDescriptors; ++i) crowd.emplace_back(port);
  double paused = 0;
  while ((paused = pauses()) < 3) {
    ASSERT_LT(std::chrono::steady_clock::now() - start, 10s);
  }
  EXPECT_LE(paused, 1 + (std::chrono::steady_clock::now() - start) / 10ms) << "it must not spin";
  EXPECT_EQ(early.post(cos_payload(1)).status, 200u) << "those that are in are served";

  crowd.clear();
  EXPECT_EQ(HttpClient(port).post(cos_payload(1)).status, 200u) << "there is room again";
  const ProgramRun run = program.stop();
  EXPECT_EQ(run.exit_code, 0);
  EXPECT_EQ(occurrences(run.err, "cannot accept connections"), 1u) << run.err;
  EXPECT_THAT(run.err, HasSubstr("fewer descriptors than gateway.max_connections"));
}

}  // namespace
}  // namespace gateway::test
