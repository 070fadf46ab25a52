#pragma once
#include "commands/command.hpp"

namespace gateway::commands {

// `cos-gateway demo`: gateway, eventbus and posts in one process, events shown as they arrive.
[[nodiscard]] Command demo_command();

}  // namespace gateway::commands
