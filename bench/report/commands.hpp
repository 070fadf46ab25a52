#pragma once
#include <CLI/App.hpp>

namespace gateway::report {

// Adds the subcommands that work on results: report, table, compare, join. Their callbacks throw
// std::runtime_error when a file cannot be read or written.
void add_report_commands(CLI::App& app);

}  // namespace gateway::report
