#pragma once
#include <cstddef>
#include <optional>
#include <string>

namespace gateway::commands {

// Returns the contents of a file, or of standard input for "-". Of what is larger than `most`,
// which may have no end, it returns a little more than that many bytes. Returns nullopt and prints
// why on standard error if it cannot be read.
[[nodiscard]] std::optional<std::string> read_file(const std::string& path, std::size_t most);

}  // namespace gateway::commands
