#pragma once
#include "commands/command.hpp"

namespace gateway::commands {

// `discard`: removes dead letters, or rows that cannot be read, for good.
[[nodiscard]] Command discard_command();

}  // namespace gateway::commands
