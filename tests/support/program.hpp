#pragma once
#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "testkit/child_process.hpp"
#include "testkit/gateway_arguments.hpp"
#include "testkit/temporary_folder.hpp"

namespace gateway::test {

// What a run of the built program gave.
struct ProgramRun {
  int exit_code = -1;  // 128 + signal if one ended it
  std::string out;
  std::string err;
};

// Runs cos-gateway with these arguments, nothing of it in the environment, and waits for its end.
[[nodiscard]] ProgramRun run_program(const std::vector<std::string>& arguments);

// cos-gateway serving in the background. Killed when this goes.
class RunningProgram {
 public:
  // `prepare` is called in the new process before the program takes it over.
  // `environment`: what it has besides what all have, "NAME=VALUE".
  explicit RunningProgram(const std::vector<std::string>& arguments,
                          const std::function<void()>& prepare = {},
                          const std::vector<std::string>& environment = {});

  // Until /readyz on that port says so; false if the program ends, or has not got there in 20 s.
  [[nodiscard]] bool wait_until_ready(std::uint16_t admin_port);
  [[nodiscard]] pid_t pid() const noexcept { return process_.pid(); }
  // SIGTERM; returns what the whole run gave.
  [[nodiscard]] ProgramRun stop();
  // Until it has ended by itself; returns what the whole run gave.
  [[nodiscard]] ProgramRun wait();
  [[nodiscard]] bool ended() { return process_.ended().has_value(); }

 private:
  [[nodiscard]] ProgramRun result(int exit_code) const;

  TemporaryFolder folder_;
  ChildProcess process_;
};

}  // namespace gateway::test
