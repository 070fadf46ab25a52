#pragma once
#include "commands/command.hpp"

namespace gateway::commands {

[[nodiscard]] Command post_command();

}  // namespace gateway::commands
