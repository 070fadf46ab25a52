#pragma once
#include <optional>
#include <string>

namespace gateway::commands {

// Returns the contents of a file, or of standard input for "-". Returns nullopt and prints why on
// standard error if it cannot be read.
[[nodiscard]] std::optional<std::string> read_file(const std::string& path);

}  // namespace gateway::commands
