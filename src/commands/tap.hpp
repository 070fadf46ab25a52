#pragma once
#include <CLI/App.hpp>

namespace gateway::commands {

// `cos-gateway tap`: shows the events of a running gateway as they are settled.
void add_tap(CLI::App& app, int& exit_code);

}  // namespace gateway::commands
