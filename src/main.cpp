
#include <cerrno>
#include <cstdio>
#include <exception>
#include <string>
#include <system_error>
#include <vector>

#include "commands/command.hpp"
#include "commands/command_line.hpp"
#include "commands/commands.hpp"
#include "runtime/standard_streams.hpp"

namespace {

namespace commands = gateway::commands;

// Fills `all`, which the last two describe and which therefore outlives them.
void add_commands(std::vector<commands::Command>& all) {
  all = {
      commands::run_command(),       commands::check_command(),        commands::explain_command(),
      commands::provision_command(), commands::deprovision_command(),  commands::inspect_command(),
      commands::replay_command(),    commands::discard_command(),      commands::token_command(),
      commands::post_command(),      commands::tap_command(),          commands::top_command(),
      commands::health_command(),    commands::demo_command(),         commands::version_command(),
      commands::man_command(all),    commands::completion_command(all)};
}

// A text that is cut must not look whole, e.g. on a full device. Returns the exit code.
int after_output(int exit_code) {
  errno = 0;
  if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return exit_code;
  gateway::print_error("{}: the output could not be written{}\n", commands::kProgramName,
                       errno == 0 ? std::string() : ": " + std::generic_category().message(errno));
  return commands::kOutputLost;
}

}  // namespace

int main(int argc, char** argv) {
  gateway::hold_standard_streams();
  std::vector<commands::Command> all;
  try {
    add_commands(all);
    return after_output(commands::run_command_line(argc, argv, all));
  } catch (const std::exception& error) {
    // The printing itself throws when a buffer cannot be emptied.
    if (std::ferror(stdout) != 0) return after_output(commands::kOutputLost);
    gateway::print_error("{}: {}\n", commands::kProgramName, error.what());
    return commands::kInternal;
  }
}
