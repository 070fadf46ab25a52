#pragma once
#include <CLI/App.hpp>

namespace gateway::commands {

// `cos-gateway replay`: sends stored events to the eventbus again.
void add_replay(CLI::App& app, int& exit_code);

}  // namespace gateway::commands
