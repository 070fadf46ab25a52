#pragma once
#include "commands/command.hpp"

namespace gateway::commands {

// `cos-gateway health`: asks a running gateway how it is; for images that have no shell.
[[nodiscard]] Command health_command();

}  // namespace gateway::commands
