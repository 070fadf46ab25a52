#pragma once
#include <CLI/App.hpp>

namespace gateway::commands {

// `cos-gateway check`: validates the configuration and prints the effective one, redacted.
void add_check(CLI::App& app, int& exit_code);

}  // namespace gateway::commands
