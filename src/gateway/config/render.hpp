#pragma once
#include <string>

#include "gateway/config/settings.hpp"

namespace gateway::config {

// Returns the configuration in effect as YAML: every key on its own line, comments where a value
// was derived, secrets as "(redacted)". load() takes the text again and gives the same settings,
// except the secrets, which it takes as not given.
[[nodiscard]] std::string render(const Settings& settings);

// Returns the same as a JSON object on one line, without a line end: numbers and booleans as such,
// durations and sizes as text, as in the file.
[[nodiscard]] std::string render_json(const Settings& settings);

}  // namespace gateway::config
