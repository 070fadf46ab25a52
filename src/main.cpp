#include <CLI/CLI.hpp>

#include "commands/check.hpp"
#include "commands/run.hpp"

int main(int argc, char** argv) {
  CLI::App app{"Tencent COS object events in, CloudEvents out"};
  int exit_code = 0;
  gateway::commands::add_run(app, exit_code);
  gateway::commands::add_check(app, exit_code);
  CLI11_PARSE(app, argc, argv);
  return exit_code;
}
