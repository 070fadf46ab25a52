#include "commands/commands.hpp"

#include <fmt/format.h>

#include <memory>
#include <string>

#include "commands/command.hpp"
#include "commands/command_line.hpp"
#include "commands/help.hpp"

namespace gateway::commands {
namespace {

// Returns `text` between single quotes, as each of the three shells reads it.
std::string quoted(const std::string& text) {
  std::string result = "'";
  for (const char c : text) {
    if (c == '\'') {
      result += "'\\''";
    } else {
      result += c;
    }
  }
  return result + "'";
}

std::string words(const Command& command) {
  std::string text = "--help";
  for (const Option& option : command.options) {
    if (!is_argument(option)) text += ' ' + option.name;
  }
  return text;
}

std::string bash(const std::vector<Command>& commands) {
  std::string names;
  std::string cases;
  for (const Command& command : commands) {
    names += command.name + ' ';
    cases += fmt::format("    {}) words={} ;;\n", command.name, quoted(words(command)));
  }
  return fmt::format(R"(# bash completion for {0}
_{1}() {{
  local word=${{COMP_WORDS[COMP_CWORD]}} command= words= i
  for ((i = 1; i < COMP_CWORD; ++i)); do
    case ${{COMP_WORDS[i]}} in -*) ;; *) command=${{COMP_WORDS[i]}}; break ;; esac
  done
  case $command in
{2}    *) words={3} ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "$word"))
}}
complete -o default -o bashdefault -F _{1} {0}
)",
                     kProgramName, "cos_gateway", cases, quoted(names + "help --help --version"));
}

std::string zsh(const std::vector<Command>& commands) {
  std::string names;
  std::string cases;
  // A colon divides a word from its description.
  const auto entry = [](const std::string& word, const std::string& help) {
    return quoted(word + ':' + help) + ' ';
  };
  for (const Command& command : commands) {
    names += entry(command.name, command.summary);
    std::string options = entry("--help", "print the help of the command");
    for (const Option& option : command.options) {
      if (!is_argument(option)) options += entry(option.name, option.help);
    }
    cases += fmt::format("    {}) words=({}) ;;\n", command.name, options);
  }
  return fmt::format(R"(#compdef {0}
_cos_gateway() {{
  local -a words_to_offer words
  if ((CURRENT == 2)); then
    words=({1})
    _describe command words
    return
  fi
  case ${{(Q)${{(z)BUFFER}}[2]}} in
{2}  esac
  if [[ $PREFIX == -* ]]; then _describe option words; else _files; fi
}}
_cos_gateway "$@"
)",
                     kProgramName, names, cases);
}

std::string fish(const std::vector<Command>& commands) {
  std::string text = fmt::format("# fish completion for {}\n", kProgramName);
  for (const Command& command : commands) {
    text += fmt::format("complete -c {} -f -n __fish_use_subcommand -a {} -d {}\n", kProgramName,
                        command.name, quoted(command.summary));
    for (const Option& option : command.options) {
      if (is_argument(option)) continue;
      text += fmt::format("complete -c {} -n '__fish_seen_subcommand_from {}' -l {} {}-d {}\n",
                          kProgramName, command.name, option.name.substr(2),
                          value_text(option).empty() ? "" : "-r ", quoted(option.help));
    }
  }
  return text;
}

}  // namespace

Command completion_command(const std::vector<Command>& all) {
  auto shell = std::make_shared<std::string>();
  Command command{.name = "completion",
                  .summary = "Print the completion script of a shell: bash, zsh or fish"};
  command.add("shell", shell.get(), "The shell",
              {.shown = "SHELL", .choices = {"bash", "zsh", "fish"}, .required = true});
  command.run = [&all, shell] {
    fmt::print("{}", *shell == "bash" ? bash(all) : *shell == "zsh" ? zsh(all) : fish(all));
    return kDone;
  };
  return command;
}

}  // namespace gateway::commands
