#pragma once
#include "commands/command.hpp"

namespace gateway::commands {

// `cos-gateway version`: this program and what it was built with.
[[nodiscard]] Command version_command();

}  // namespace gateway::commands
