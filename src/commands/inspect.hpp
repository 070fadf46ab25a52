#pragma once
#include <CLI/App.hpp>

namespace gateway::commands {

// `cos-gateway inspect`: what there is in spool and dead letters. Changes nothing.
void add_inspect(CLI::App& app, int& exit_code);

}  // namespace gateway::commands
