#pragma once
#include <vector>

#include "commands/command.hpp"

namespace gateway::commands {

inline constexpr const char* kProgramName = "cos-gateway";
inline constexpr const char* kProgramSummary = "Tencent COS object events in, CloudEvents out";

// Parses the command line and runs the command it names; without one, the first. Returns the exit
// code. Prints help and usage errors.
[[nodiscard]] int run_command_line(int argc, char** argv, const std::vector<Command>& commands);

}  // namespace gateway::commands
