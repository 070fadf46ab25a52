#pragma once
#include <chrono>
#include <cstdint>
#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

#include "testkit/child_process.hpp"

namespace gateway::bench {

// Thrown when a server cannot be reached, so that there is nothing to measure.
class Unreachable : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

// Returns whether connections to that port of a numeric address are accepted.
[[nodiscard]] bool listens(const std::string& host, std::uint16_t port);

// A gateway, or what stands beside one, as a child process, which does not outlive this one. Its
// output goes to a file.
class ServerProcess : public test::ChildProcess {
 public:
  static constexpr std::chrono::milliseconds kStartLimit{20'000};

  // `ready` says whether it can be used.
  ServerProcess(std::vector<std::string> command, std::string log, std::function<bool()> ready,
                test::ChildOptions options = {});

  // Starts it, and returns when it is ready. Throws Unreachable if it ends before, or is not ready
  // within `limit`.
  void start(std::chrono::milliseconds limit = kStartLimit);
  // Throws Unreachable if it has ended by itself.
  void must_run();
  // Throws Unreachable, with what is wrong and the end of its output.
  [[noreturn]] void fail(const std::string& what) const;

 private:
  std::function<bool()> ready_;
};

}  // namespace gateway::bench
