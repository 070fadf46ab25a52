#pragma once
#include <CLI/App.hpp>

namespace gateway::commands {

// `cos-gateway health`: asks a running gateway how it is; for images that have no shell.
void add_health(CLI::App& app, int& exit_code);

}  // namespace gateway::commands
