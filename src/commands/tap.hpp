#pragma once
#include "commands/command.hpp"

namespace gateway::commands {

// `cos-gateway tap`: shows the events of a running gateway as they are settled.
[[nodiscard]] Command tap_command();

}  // namespace gateway::commands
