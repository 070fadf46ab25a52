// Start and stop of the program as transactions: what was begun is undone, and the log says why.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>
#include <cstdint>
#include <string>
#include <vector>

#include "support/payloads.hpp"
#include "support/program.hpp"
#include "support/scripted_eventbus.hpp"
#include "testkit/eventually.hpp"
#include "testkit/http_client.hpp"
#include "testkit/socket.hpp"

namespace gateway::test {
namespace {

using testing::HasSubstr;
using testing::Not;

// Sanitizers reserve terabytes of address space.
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define COS_GATEWAY_NEEDS_ADDRESS_SPACE 1
#endif
#endif

class Supervision : public testing::Test {
 protected:
  [[nodiscard]] std::vector<std::string> arguments(unsigned threads) const {
    return arguments_to_run(port_, admin_port_, bus_.port(),
                            {fmt::format("gateway.threads={}", threads)});
  }
  [[nodiscard]] unsigned readiness() const {
    try {
      return HttpClient(admin_port_).get("/readyz").status;
    } catch (const std::exception&) {
      return 0;
    }
  }

  ScriptedEventbus bus_;
  const std::uint16_t port_ = free_port();
  const std::uint16_t admin_port_ = free_port();
};

TEST_F(Supervision, AStartThatCannotHaveItsThreadsIsUndone) {
#ifdef COS_GATEWAY_NEEDS_ADDRESS_SPACE
  GTEST_SKIP() << "the sanitizer itself needs address space";
#endif
  // Stacks of 64 threads take 8 GiB of address space. They are as large as this so that what is
  // left when there is no room for another is enough for those that run.
  const auto little_room = [] {
    const rlimit stack{rlim_t{128} << 20, rlim_t{128} << 20};
    setrlimit(RLIMIT_STACK, &stack);
    const rlimit limit{rlim_t{1} << 30, rlim_t{1} << 30};
    setrlimit(RLIMIT_AS, &limit);
  };
  RunningProgram program(arguments(64), little_room);
  EXPECT_FALSE(program.wait_until_ready(admin_port_));
  const ProgramRun run = program.stop();
  EXPECT_EQ(run.exit_code, 69) << run.err;
  EXPECT_THAT(run.err, HasSubstr("cannot start thread"));
  EXPECT_THAT(run.err, HasSubstr("gateway.threads"));
  EXPECT_THAT(run.err, Not(HasSubstr("listening")));
}

TEST_F(Supervision, ASecondSignalEndsTheProcessWithItsLogWhole) {
  bus_.hold();
  RunningProgram program(arguments(2));
  ASSERT_TRUE(program.wait_until_ready(admin_port_));
  HttpClient client(port_);
  client.send(post_text(cos_payload(3)));
  ASSERT_TRUE(bus_.wait_for_requests(1));
  ASSERT_EQ(::kill(program.pid(), SIGTERM), 0);
  ASSERT_TRUE(eventually([&] { return readiness() == 503; }));
  const ProgramRun run = program.stop();
  EXPECT_EQ(run.exit_code, 128 + SIGTERM) << run.err;
  EXPECT_THAT(run.err, HasSubstr("\"message\":\"stopping\""));
}

}  // namespace
}  // namespace gateway::test
