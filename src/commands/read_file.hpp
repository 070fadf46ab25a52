#pragma once
#include <optional>
#include <string>

namespace gateway::commands {

// Returns what the file holds, "-" being standard input. Nothing, and a line on standard error, if
// it cannot be read.
[[nodiscard]] std::optional<std::string> read_file(const std::string& path);

}  // namespace gateway::commands
