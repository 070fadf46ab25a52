#include <fmt/format.h>

#include <exception>
#include <vector>

#include "commands/check.hpp"
#include "commands/command.hpp"
#include "commands/command_line.hpp"
#include "commands/demo.hpp"
#include "commands/exit_codes.hpp"
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

std::vector<commands::Command> all_commands() {
  std::vector<commands::Command> all{
      commands::run_command(),       commands::check_command(),       commands::explain_command(),
      commands::provision_command(), commands::deprovision_command(), commands::inspect_command(),
      commands::replay_command(),    commands::tap_command(),         commands::health_command(),
      commands::demo_command(),      commands::version_command()};
  all.push_back(commands::man_command(all));
  return all;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return commands::run_command_line(argc, argv, all_commands());
  } catch (const std::exception& error) {
    fmt::print(stderr, "cos-gateway: {}\n", error.what());
    return commands::kInternal;
  }
}
