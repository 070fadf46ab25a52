#pragma once
#include <vector>

#include "commands/command.hpp"

namespace gateway::commands {

// `cos-gateway man`: prints the manual page of all commands, itself included.
[[nodiscard]] Command man_command(const std::vector<Command>& all);

}  // namespace gateway::commands
