#pragma once
#include <string>

namespace gateway::config {

// Returns the Markdown of docs/configuration.md that describes every key with type, bounds, default
// and meaning. It is generated from the code that reads the configuration, so that the two cannot
// differ.
[[nodiscard]] std::string reference();

}  // namespace gateway::config
