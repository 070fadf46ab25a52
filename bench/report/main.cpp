#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>

#include "report/commands.hpp"

int main(int argc, char** argv) {
  CLI::App app("What a benchmark has measured, made readable");
  app.require_subcommand(1);
  gateway::report::add_report_commands(app);
  try {
    CLI11_PARSE(app, argc, argv);
  } catch (const std::exception& error) {
    fmt::print(stderr, "bench-report: {}\n", error.what());
    return 70;
  }
}
