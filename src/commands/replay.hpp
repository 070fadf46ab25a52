#pragma once
#include "commands/command.hpp"

namespace gateway::commands {

// `cos-gateway replay`: sends stored events to the eventbus again.
[[nodiscard]] Command replay_command();

}  // namespace gateway::commands
