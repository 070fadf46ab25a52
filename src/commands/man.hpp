#pragma once
#include <CLI/CLI.hpp>

namespace gateway::commands {

// `cos-gateway man`: prints the manual page, from the help of all commands.
void add_man(CLI::App& app, int& exit_code);

}  // namespace gateway::commands
