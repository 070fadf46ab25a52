#pragma once
#include "commands/command.hpp"

namespace gateway::commands {

// `cos-gateway token`: prints what posts to a gateway of this configuration are signed with.
[[nodiscard]] Command token_command();

}  // namespace gateway::commands
