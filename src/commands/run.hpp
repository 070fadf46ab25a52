#pragma once
#include <CLI/App.hpp>

namespace gateway::commands {

// `cos-gateway run`: serves until SIGTERM or SIGINT.
void add_run(CLI::App& app, int& exit_code);

}  // namespace gateway::commands
