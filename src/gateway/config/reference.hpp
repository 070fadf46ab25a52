#pragma once
#include <string>

namespace gateway::config {

// Every key with type, bounds, default and meaning, as the Markdown that stands in
// docs/configuration.md: made of what reads the configuration, so that it cannot say anything else.
[[nodiscard]] std::string reference();

}  // namespace gateway::config
