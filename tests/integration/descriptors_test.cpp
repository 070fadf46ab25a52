#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "support/exposition.hpp"
#include "support/payloads.hpp"
#include "support/program.hpp"
#include "support/scripted_eventbus.hpp"
#include "testkit/http_client.hpp"

// More clients than the process may have descriptors.
namespace gateway::test {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

constexpr rlim_t kDescriptors = 256;

// UndefinedBehaviorSanitizer asks a pipe whether an object can be read; without descriptors it
// takes good objects for bad ones and ends the program.
#if defined(__has_feature)
#if __has_feature(undefined_behavior_sanitizer)
#define COS_GATEWAY_NEEDS_DESCRIPTORS 1
#endif
#endif

// Returns whether a new connection's post is taken. Far beyond the limit, it is closed without an
// answer.
bool is_taken(std::uint16_t port, std::string_view post) {
  HttpClient client(port);
  client.send_until_answered(post);
  const auto answer = client.read();
  return answer && answer->status == 200u;
}

TEST(Descriptors, ClientsLeaveThemToTheAdminPortAndTheEventbus) {
#ifdef COS_GATEWAY_NEEDS_DESCRIPTORS
  GTEST_SKIP() << "the sanitizer itself needs descriptors";
#endif
  ScriptedEventbus bus;
  const std::uint16_t port = free_port();
  const std::uint16_t admin_port = free_port();
  RunningProgram program(arguments_to_run(port, admin_port, bus.port(), {"gateway.threads=1"}), [] {
    const rlimit limit{kDescriptors, kDescriptors};
    setrlimit(RLIMIT_NOFILE, &limit);
  });
  ASSERT_TRUE(program.wait_until_ready(admin_port)) << program.stop().err;
  HttpClient early(port);
  EXPECT_EQ(early.post(cos_payload(1)).status, 200u);

  // All are in the middle of a request, so that none can be closed for another one.
  const std::string post = post_text(cos_payload(1));
  early.send(post.substr(0, post.size() / 2));
  std::vector<HttpClient> crowd;
  for (std::size_t i = 0; i < 2 * kDescriptors; ++i) {
    crowd.emplace_back(port);
    static_cast<void>(crowd.back().send_until_answered("POST / HT"));
  }
  std::vector<HttpClient> probes;
  for (int i = 0; i < 20; ++i) {
    probes.emplace_back(admin_port);
    EXPECT_EQ(probes.back().get("/healthz").status, 200u);
  }
  bus.next(close_unanswered());
  early.send(post.substr(post.size() / 2));
  EXPECT_EQ(early.response().status, 200u) << "over a new connection to the eventbus";
  const Exposition metrics = parse_exposition(probes.back().get("/metrics").body);
  EXPECT_EQ(metrics.total("cos_gateway_accept_pauses_total"), 0);

  crowd.clear();
  early.close();
  const auto deadline = std::chrono::steady_clock::now() + 10s;
  while (!is_taken(port, post)) {
    ASSERT_LT(std::chrono::steady_clock::now(), deadline) << "there is room again";
  }
  const ProgramRun run = program.stop();
  EXPECT_EQ(run.exit_code, 0);
  EXPECT_THAT(run.err, HasSubstr("gateway.max_connections is"));
}

}  // namespace
}  // namespace gateway::test
