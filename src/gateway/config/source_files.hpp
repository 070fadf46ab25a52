#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "gateway/config/load.hpp"

namespace gateway::config {

// The variable that names the configuration file.
inline constexpr std::string_view kConfigVariable = "CONNECTOR_CONFIG";

// A file of the configuration as it was found.
struct SourceFile {
  std::string name{};                 // its path
  std::optional<std::string> text{};  // nullopt: it is not there, or cannot be read
  std::string problem{};              // why it cannot be read, or has to be there
  std::string warning{};
};

// Read a file that the sources name and return it. A file at a default path need not exist. Block.
[[nodiscard]] SourceFile read_config_file(const Sources& sources);
[[nodiscard]] SourceFile read_secret_file(const Sources& sources);

// Returns the value of a variable. An empty one counts as none: manifests set them so to unset
// them.
[[nodiscard]] std::string variable(const Environment& environment, std::string_view name);

}  // namespace gateway::config
