#pragma once
#include "commands/command.hpp"

namespace gateway::commands {

// `cos-gateway check`: validates the configuration and prints the effective one, redacted.
[[nodiscard]] Command check_command();

}  // namespace gateway::commands
