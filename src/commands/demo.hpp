#pragma once
#include <CLI/App.hpp>

namespace gateway::commands {

// `cos-gateway demo`: gateway, eventbus and posts in one process, events shown as they arrive.
void add_demo(CLI::App& app, int& exit_code);

}  // namespace gateway::commands
