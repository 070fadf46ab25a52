// Parts of the built program that fail again and again.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <exception>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "support/allocation_counter.hpp"
#include "support/payloads.hpp"
#include "support/program.hpp"
#include "support/scripted_eventbus.hpp"
#include "testkit/http_client.hpp"
#include "testkit/socket.hpp"
#include "testkit/temporary_folder.hpp"

namespace gateway::test {
namespace {

using namespace std::chrono_literals;
using testing::ContainsRegex;
using testing::HasSubstr;

// A part, and when it is refused memory (tests/refused_memory).
struct FailingPart {
  std::string part;  // as the log names it: a regular expression
  std::string thread;
  std::string after;  // a system call; empty: at any time
};

// A gateway with a spool whose eventbus is down, until it ends because a part of it keeps failing.
class FailingGateway {
 public:
  explicit FailingGateway(FailingPart failing)
      : failing_(std::move(failing)),
        program_(begin({fmt::format("LD_PRELOAD={}", COS_GATEWAY_REFUSED_MEMORY),
                        fmt::format("REFUSED_THREAD={}", failing_.thread),
                        fmt::format("REFUSED_WHILE={}", folder_.file("refused")),
                        fmt::format("REFUSED_AFTER={}", failing_.after)})) {}

  [[nodiscard]] const FailingPart& failing() const noexcept { return failing_; }
  [[nodiscard]] bool wait_until_ready() { return program_->wait_until_ready(admin_port_); }
  // Posts a record and waits for the answer.
  [[nodiscard]] unsigned post(const std::string& key) {
    return HttpClient(port_).post(cos_payload({cos_record(key)})).status;
  }
  void begin_to_refuse() { std::ofstream(folder_.file("refused")).put('\n'); }
  [[nodiscard]] bool ended() { return program_->ended(); }
  // Gives every part something to do; whether it gets done does not matter.
  void keep_busy() {
    try {
      if (callers_.size() == kMostCallers) callers_.pop_front();
      callers_.push_back(std::make_unique<HttpClient>(port_));
      callers_.back()->send(post_text(cos_payload(1)));
      HttpClient(admin_port_).send(request_text("GET", "/healthz", ""));
    } catch (const std::exception&) {  // NOLINT(bugprone-empty-catch)
      // It is not there any more, or does not take it.
    }
  }
  [[nodiscard]] ProgramRun end() {
    callers_.clear();
    return program_->wait();
  }
  // Starts it once more, with all the memory it wants, and an eventbus.
  void start_again() {
    bus_.come_up();
    program_ = begin({});
  }
  [[nodiscard]] ScriptedEventbus& bus() noexcept { return bus_; }

 private:
  [[nodiscard]] std::unique_ptr<RunningProgram> begin(const std::vector<std::string>& environment) {
    const std::vector<std::string> arguments =
        arguments_to_run(port_, admin_port_, bus_.port(),
                         {"gateway.threads=1", "gateway.grace=1s", "gateway.drain_delay=0s",
                          "delivery.deadline=500ms", "delivery.retry.max=200ms",
                          fmt::format("spool.path={}", folder_.file("spool.db"))});
    return std::make_unique<RunningProgram>(arguments, std::function<void()>(), environment);
  }

  static constexpr std::size_t kMostCallers = 20;

  const FailingPart failing_;
  TemporaryFolder folder_;
  ScriptedEventbus bus_{ScriptedEventbus::Start::down};
  const std::uint16_t port_ = free_port();
  const std::uint16_t admin_port_ = free_port();
  std::unique_ptr<RunningProgram> program_;
  std::deque<std::unique_ptr<HttpClient>> callers_;
};

// All at the same time, as each takes half a minute: a shortage that passes is outlasted.
TEST(FailingParts, EndTheProcessWith70AndNothingThatWasAcknowledgedIsLost) {
  if (!AllocationCounter::available()) GTEST_SKIP() << "a sanitizer owns malloc";
  constexpr int kPosts = 5;
  std::vector<std::unique_ptr<FailingGateway>> gateways;
  for (const FailingPart& failing :
       {FailingPart{"writer of a store", "store", ""},
        FailingPart{"shard 0 listener", "shard", "accept4"}, FailingPart{"", "shard", ""},
        FailingPart{"control loop|admin listener", "control", ""}}) {
    gateways.push_back(std::make_unique<FailingGateway>(failing));
  }
  for (const auto& gateway : gateways) {
    ASSERT_TRUE(gateway->wait_until_ready());
    for (int i = 0; i < kPosts; ++i) ASSERT_EQ(gateway->post(fmt::format("kept-{}-", i)), 200U);
    gateway->begin_to_refuse();
  }
  const auto end = std::chrono::steady_clock::now() + 80s;
  const auto all_ended = [&] {
    return std::ranges::all_of(gateways, [](const auto& gateway) { return gateway->ended(); });
  };
  while (!all_ended() && std::chrono::steady_clock::now() < end) {
    for (const auto& gateway : gateways) {
      if (!gateway->ended()) gateway->keep_busy();
    }
    std::this_thread::sleep_for(100ms);
  }
  for (const auto& gateway : gateways) {
    SCOPED_TRACE(gateway->failing().thread + " " + gateway->failing().after);
    ASSERT_TRUE(gateway->ended());
    const ProgramRun run = gateway->end();
    EXPECT_EQ(run.exit_code, 70) << run.err;
    if (gateway->failing().part.empty()) {
      EXPECT_THAT(run.err, HasSubstr("out of memory"));
    } else {
      EXPECT_THAT(run.err, HasSubstr("a part of the process keeps failing"));
      EXPECT_THAT(run.err,
                  ContainsRegex(fmt::format(R"part("part":"({})")part", gateway->failing().part)));
      EXPECT_THAT(run.err, HasSubstr("memory is refused: allow the process more"));
    }
    EXPECT_LT(std::ranges::count(run.err, '\n'), 200) << run.err;
    gateway->start_again();
    const auto all_arrived = [&](const Requests& requests) {
      std::string all;
      for (const Request& request : requests) all += request.body;
      for (int i = 0; i < kPosts; ++i) {
        if (all.find(fmt::format("kept-{}-", i)) == std::string::npos) return false;
      }
      return true;
    };
    EXPECT_TRUE(gateway->bus().wait_for(all_arrived));
  }
}

}  // namespace
}  // namespace gateway::test
