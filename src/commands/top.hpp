#pragma once
#include "commands/command.hpp"

namespace gateway::commands {

[[nodiscard]] Command top_command();

}  // namespace gateway::commands
