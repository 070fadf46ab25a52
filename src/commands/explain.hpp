#pragma once
#include <CLI/App.hpp>

namespace gateway::commands {

// `cos-gateway explain FILE`: prints the requests a payload would be delivered with. Sends nothing.
void add_explain(CLI::App& app, int& exit_code);

}  // namespace gateway::commands
