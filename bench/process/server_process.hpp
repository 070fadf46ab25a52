#pragma once
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <chrono>
#include <functional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "testkit/child_process.hpp"
#include "testkit/eventually.hpp"
#include "testkit/text_file.hpp"

namespace gateway::bench {

// Thrown when a server cannot be reached, so that there is nothing to measure.
class Unreachable : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

// A gateway, or what stands beside one, as a child process, which does not outlive this one. Its
// output goes to a file.
class ServerProcess : public test::ChildProcess {
 public:
  static constexpr std::chrono::milliseconds kStartLimit{20'000};

  // `ready` says whether it can be used.
  ServerProcess(std::vector<std::string> command, std::string log, std::function<bool()> ready,
                test::ChildOptions options = {})
      : ChildProcess(std::move(command), std::move(log), std::move(options)),
        ready_(std::move(ready)) {}

  // Starts it, and returns when it is ready. Throws Unreachable if it ends before, or is not ready
  // within `limit`.
  void start(std::chrono::milliseconds limit = kStartLimit) {
    ChildProcess::start();
    const auto settled = [this] {
      if (ready_()) return true;
      must_run();
      return false;
    };
    if (!test::eventually(settled, limit, kPoll)) fail("does not get ready");
  }
  // Throws Unreachable if it has ended by itself.
  void must_run() {
    if (const auto code = ended()) fail(fmt::format("has ended with {}", *code));
  }
  // Throws Unreachable, with what is wrong and the end of its output.
  [[noreturn]] void fail(const std::string& what) const {
    std::string text = test::read_text(log());
    if (text.size() > kMostOfLog) text.erase(0, text.size() - kMostOfLog);
    throw Unreachable(fmt::format("{} {}: {}", fmt::join(command(), " "), what,
                                  text.empty() ? "it said nothing" : text));
  }

 private:
  static constexpr std::chrono::milliseconds kPoll{5};
  static constexpr std::size_t kMostOfLog = 2'000;

  std::function<bool()> ready_;
};

}  // namespace gateway::bench
