#include "commands/command_line.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstddef>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>

#include "commands/exit_codes.hpp"

namespace gateway::commands {
namespace {

// Without a command the first one is meant: `cos-gateway --config FILE`.
std::vector<std::string> arguments(int argc, char** argv, const std::string& first) {
  std::vector<std::string> result(argv + 1, argv + argc);
  const bool command = !result.empty() && !result.front().starts_with('-');
  const bool help = !result.empty() && (result.front() == "-h" || result.front() == "--help");
  if (!command && !help) result.insert(result.begin(), first);
  std::reverse(result.begin(), result.end());  // the order CLI11 takes a vector in
  return result;
}

template <class Value>
CLI::Option* declare_one(CLI::App& app, const Option& option, Value& value) {
  if constexpr (std::is_same_v<Value, bool>) {
    return app.add_flag(option.name, value, option.help);
  } else {
    CLI::Option* declared = app.add_option(option.name, value, option.help);
    if constexpr (std::is_same_v<Value, std::vector<std::string>>) {
      declared->allow_extra_args(false);
    }
    if constexpr (std::is_arithmetic_v<Value>) {
      if (option.range) {
        declared->check(CLI::Range(static_cast<Value>(option.range->first),
                                   static_cast<Value>(option.range->second)));
      }
    }
    return declared;
  }
}

CLI::Option* declare(CLI::App& app, const Option& option) {
  CLI::Option* declared =
      std::visit([&](auto* value) { return declare_one(app, option, *value); }, option.value);
  if (!option.shown.empty()) declared->type_name(option.shown);
  if (!option.choices.empty()) declared->check(CLI::IsMember(option.choices));
  if (option.existing_file) declared->check(CLI::ExistingFile);
  if (option.default_in_help) declared->capture_default_str();
  if (option.required) declared->required();
  return declared;
}

void add(CLI::App& app, const Command& command, int& exit_code) {
  CLI::App* subcommand = app.add_subcommand(command.name, command.summary);
  std::vector<std::pair<bool*, CLI::Option*>> asked;
  for (const Option& option : command.options) {
    CLI::Option* declared = declare(*subcommand, option);
    if (option.given != nullptr) asked.emplace_back(option.given, declared);
  }
  for (const Option& option : command.options) {
    CLI::Option* declared = subcommand->get_option(option.name);
    if (!option.needs.empty()) declared->needs(subcommand->get_option(option.needs));
    for (const auto& other : option.excludes) declared->excludes(subcommand->get_option(other));
  }
  subcommand->callback([run = command.run, asked = std::move(asked), &exit_code] {
    for (const auto& [given, option] : asked) *given = option->count() != 0;
    exit_code = run();
  });
}

}  // namespace

int run_command_line(int argc, char** argv, const std::vector<Command>& commands) {
  CLI::App app(kProgramSummary, kProgramName);
  app.require_subcommand(1);
  int exit_code = kDone;
  for (const Command& command : commands) add(app, command, exit_code);
  try {
    app.parse(arguments(argc, argv, commands.front().name));
  } catch (const CLI::ParseError& error) {
    // Asking for help arrives here too.
    return app.exit(error) == 0 ? kDone : kUsage;
  }
  return exit_code;
}

}  // namespace gateway::commands
