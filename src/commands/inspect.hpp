#pragma once
#include "commands/command.hpp"

namespace gateway::commands {

// `cos-gateway inspect`: what there is in spool and dead letters. Changes nothing.
[[nodiscard]] Command inspect_command();

}  // namespace gateway::commands
