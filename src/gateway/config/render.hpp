#pragma once
#include <string>

#include "gateway/config/settings.hpp"

namespace gateway::config {

// The configuration in effect as YAML: every key on its own line, comments where a value was
// derived, secrets as "(redacted)". load() takes the text again and then gives the same settings
// but for the secrets, which it takes as not given.
[[nodiscard]] std::string render(const Settings& settings);

}  // namespace gateway::config
