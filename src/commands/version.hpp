#pragma once
#include <CLI/App.hpp>

namespace gateway::commands {

// `cos-gateway version`: this program and what it was built with.
void add_version(CLI::App& app, int& exit_code);

}  // namespace gateway::commands
