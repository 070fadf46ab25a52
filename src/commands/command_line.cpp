#include "commands/command_line.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <iterator>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>

#include "commands/command.hpp"
#include "commands/help.hpp"
#include "gateway/config/load.hpp"
#include "gateway/config/nearest.hpp"
#include "runtime/standard_streams.hpp"

namespace gateway::commands {
namespace {

const Command* find(const std::vector<Command>& commands, std::string_view name) {
  const auto found = std::ranges::find(commands, name, &Command::name);
  return found == commands.end() ? nullptr : &*found;
}

bool is_help(std::string_view word) {
  return word == "-h" || word == "--help";
}

// Returns where the options of `command` end that `words` begin with, each with its value.
auto behind_options(const std::vector<std::string>& words, const Command& command) {
  auto at = words.begin();
  while (at != words.end() && at->starts_with('-')) {
    const std::string_view word(*at);
    const auto option =
        std::ranges::find(command.options, word.substr(0, word.find('=')), &Option::name);
    if (option == command.options.end()) break;
    const bool value_follows =
        option->name == word && !std::holds_alternative<bool*>(option->value);
    at += value_follows && at + 1 != words.end() ? 2 : 1;
  }
  return at;
}

// Returns `words` in the order that the parser takes, `COMMAND [OPTIONS]`: without a command the
// first is meant, options may stand before the command, and `help CMD` is `CMD --help`.
std::vector<std::string> in_order(std::vector<std::string> words,
                                  const std::vector<Command>& commands) {
  if (!words.empty() && words[0] == "help") {
    words.erase(words.begin());
    words.insert(words.begin() + (words.empty() ? 0 : 1), "--help");
    return words;
  }
  if (!words.empty() && (words[0] == "-V" || words[0] == "--version")) return {"version"};
  if (!words.empty() && is_help(words[0])) return words;
  const auto to_front = [&words](auto word) {
    const auto at = words.begin() + (word - words.cbegin());
    std::rotate(words.begin(), at, at + 1);
  };
  for (const Command& command : commands) {
    const auto at = behind_options(words, command);
    if (at == words.end() || *at != command.name) continue;
    to_front(at);
    return words;
  }
  // No command, or one that is misspelt, or an option that is.
  const auto at = behind_options(words, commands.front());
  if (at == words.end() || at->starts_with('-')) {
    words.insert(words.begin(), commands.front().name);
  } else {
    to_front(at);
  }
  return words;
}

std::string did_you_mean(std::string_view word, const std::vector<std::string_view>& candidates) {
  const auto nearest = config::nearest(word, candidates);
  return nearest ? fmt::format("; did you mean {}?", *nearest) : std::string();
}

// Returns whether this process was given no configuration at all and is no container's first
// process.
bool nothing_configured() {
  const auto environment = config::process_environment();
  return getpid() != 1 && !environment.contains("CONNECTOR_CONFIG") &&
         !environment.contains("CONNECTOR_TARGET") &&
         std::ranges::none_of(config::Sources{}.default_config_paths, [](const std::string& path) {
           return std::filesystem::exists(path);
         });
}

// Returns the first of `words` that an empty value follows, or that ends where its value is to be.
// No option means anything by one; it is a variable of a script that was not set.
const std::string* before_empty_value(const std::vector<std::string>& words,
                                      const Command& command) {
  for (auto word = words.begin(); word != words.end(); ++word) {
    const std::string_view name = std::string_view(*word).substr(0, word->find('='));
    if (name.size() + 1 == word->size() && name.starts_with('-') &&
        std::ranges::find(command.options, name, &Option::name) != command.options.end()) {
      return &*word;
    }
    if (const auto next = std::next(word); next != words.end() && next->empty()) return &*word;
  }
  return nullptr;
}

int usage_error(const std::string& text) {
  print_error("{}: {}\nRun with --help for more information.\n", kProgramName, text);
  return kUsage;
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
        // Not CLI::Range, which takes "nan".
        const auto least = static_cast<Value>(option.range->first);
        const auto most = static_cast<Value>(option.range->second);
        declared->check([least, most](const std::string& text) {
          Value given{};
          const bool fits =
              CLI::detail::lexical_cast(text, given) && given >= least && given <= most;
          return fits ? std::string()
                      : fmt::format("expected a number from {} to {}, got {}", least, most, text);
        });
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
  if (argc == 1 && isatty(STDERR_FILENO) == 1 && nothing_configured()) {
    // A person who tries the program, not a container whose files are missing.
    print_error("{}", overview_text(commands, terminal_width()));
    return kUsage;
  }
  std::vector<std::string> words =
      in_order(std::vector<std::string>(argv + 1, argv + argc), commands);
  if (is_help(words.front())) {
    fmt::print("{}", overview_text(commands, terminal_width()));
    return kDone;
  }
  const Command* command = find(commands, words.front());
  if (command == nullptr) {
    std::vector<std::string_view> names;
    names.reserve(commands.size());
    for (const Command& one : commands) names.emplace_back(one.name);
    return usage_error(
        fmt::format("there is no command {}{}", words.front(), did_you_mean(words.front(), names)));
  }
  if (std::ranges::any_of(words, is_help)) {
    fmt::print("{}", help_text(*command, terminal_width()));
    return kDone;
  }
  if (const std::string* word = before_empty_value(words, *command); word != nullptr) {
    return usage_error(fmt::format("there is an empty value after {}", *word));
  }

  CLI::App app(kProgramSummary, kProgramName);
  app.set_help_flag();  // the help is our own
  app.require_subcommand(1);
  int exit_code = kDone;
  add(app, *command, exit_code);
  std::ranges::reverse(words);  // the order CLI11 takes a vector in
  try {
    app.parse(words);
  } catch (const CLI::ExtrasError& error) {
    std::vector<std::string_view> names;
    names.reserve(command->options.size());
    for (const Option& option : command->options) names.emplace_back(option.name);
    const auto extras = app.remaining(true);
    const std::string first = extras.empty() ? std::string(error.what()) : extras.front();
    return usage_error(fmt::format("{} takes no {}{}", command->name, first,
                                   did_you_mean(first.substr(0, first.find('=')), names)));
  } catch (const CLI::ParseError& error) {
    return usage_error(error.what());
  }
  return exit_code;
}

}  // namespace gateway::commands
