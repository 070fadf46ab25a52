#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <exception>
#include <string>
#include <vector>

#include "commands/check.hpp"
#include "commands/configuration.hpp"
#include "commands/demo.hpp"
#include "commands/explain.hpp"
#include "commands/health.hpp"
#include "commands/inspect.hpp"
#include "commands/man.hpp"
#include "commands/provision.hpp"
#include "commands/replay.hpp"
#include "commands/run.hpp"
#include "commands/tap.hpp"
#include "commands/version.hpp"

namespace {

namespace commands = gateway::commands;

// `cos-gateway` and `cos-gateway --config FILE` mean `cos-gateway run ...`.
std::vector<std::string> arguments(int argc, char** argv) {
  std::vector<std::string> result(argv + 1, argv + argc);
  const bool command = !result.empty() && !result.front().starts_with('-');
  const bool help = !result.empty() && (result.front() == "-h" || result.front() == "--help");
  if (!command && !help) result.insert(result.begin(), "run");
  std::reverse(result.begin(), result.end());  // the order CLI11 takes a vector in
  return result;
}

int run(int argc, char** argv) {
  CLI::App app("Tencent COS object events in, CloudEvents out", "cos-gateway");
  app.require_subcommand(1);
  int exit_code = commands::kDone;
  commands::add_run(app, exit_code);
  commands::add_check(app, exit_code);
  commands::add_explain(app, exit_code);
  commands::add_provision(app, exit_code);
  commands::add_deprovision(app, exit_code);
  commands::add_inspect(app, exit_code);
  commands::add_replay(app, exit_code);
  commands::add_tap(app, exit_code);
  commands::add_health(app, exit_code);
  commands::add_demo(app, exit_code);
  commands::add_version(app, exit_code);
  commands::add_man(app, exit_code);
  try {
    app.parse(arguments(argc, argv));
  } catch (const CLI::ParseError& error) {
    // Asking for help arrives here too.
    return app.exit(error) == 0 ? commands::kDone : commands::kUsage;
  }
  return exit_code;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const std::exception& error) {
    fmt::print(stderr, "cos-gateway: {}\n", error.what());
    return commands::kInternal;
  }
}
