#pragma once
#include "commands/command.hpp"

namespace gateway::commands {

// `cos-gateway explain FILE`: prints the requests a payload would be delivered with. Sends nothing.
[[nodiscard]] Command explain_command();

}  // namespace gateway::commands
