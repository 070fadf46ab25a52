#pragma once
#include <string>
#include <vector>

namespace gateway::test {

// What a run of the built program gave.
struct ProgramRun {
  int exit_code = -1;  // -1 if a signal ended it
  std::string out;
  std::string err;
};

// Runs cos-gateway with these arguments, nothing of it in the environment, and waits for its end.
[[nodiscard]] ProgramRun run_program(const std::vector<std::string>& arguments);

}  // namespace gateway::test
