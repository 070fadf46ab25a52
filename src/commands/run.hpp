#pragma once
#include "commands/command.hpp"

namespace gateway::commands {

// `cos-gateway run`: serves until SIGTERM or SIGINT.
[[nodiscard]] Command run_command();

}  // namespace gateway::commands
