#pragma once
#include <vector>

#include "commands/command.hpp"

namespace gateway::commands {

// Prints the completion script of a shell, made of the commands and options as they are declared.
// `all`, which may still be filled, outlives the command.
[[nodiscard]] Command completion_command(const std::vector<Command>& all);

}  // namespace gateway::commands
