#include "commands/help.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdio>
#include <iterator>
#include <type_traits>

#include "commands/command_line.hpp"
#include "runtime/terminal.hpp"

namespace gateway::commands {
namespace {

constexpr std::size_t kIndent = 26;  // of what explains an option or a command
constexpr std::size_t kLeast = 40;   // narrower terminals wrap by themselves
constexpr std::size_t kMost = 100;   // longer lines are hard to read
constexpr double kNoMost = 1e12;     // a bound that nobody means

template <class Value>
std::string default_text(const Value& value) {
  if constexpr (std::is_same_v<Value, bool>) {
    return "";
  } else if constexpr (std::is_arithmetic_v<Value> || std::is_same_v<Value, std::string>) {
    return fmt::format("[{}]", value);
  } else {
    return "";
  }
}

// Appends `text` in lines that begin at column `indent`; the first one goes on in the line there
// is.
void append_wrapped(std::string& to, std::string_view text, std::size_t at, std::size_t indent,
                    std::size_t width) {
  bool first = true;
  while (!text.empty()) {
    const std::string_view word = text.substr(0, text.find(' '));
    if (!first && at + 1 + word.size() > width) {
      to += '\n' + std::string(indent, ' ');
      at = indent;
    } else if (!first) {
      to += ' ';
      ++at;
    }
    to += word;
    at += word.size();
    text.remove_prefix(std::min(text.size(), word.size() + 1));
    first = false;
  }
  to += '\n';
}

void append_entry(std::string& to, const std::string& name, std::string_view text,
                  std::size_t width) {
  to += "  " + name;
  if (name.size() + 4 > kIndent) {
    to += '\n' + std::string(kIndent, ' ');
  } else {
    to += std::string(kIndent - name.size() - 2, ' ');
  }
  append_wrapped(to, text, kIndent, kIndent, width);
}

std::string name_text(const Option& option) {
  const std::string value = value_text(option);
  return value.empty() ? option.name : option.name + ' ' + value;
}

std::string described(const Option& option) {
  const std::string conditions = conditions_text(option);
  return conditions.empty() ? option.help : option.help + ' ' + conditions;
}

}  // namespace

std::string value_text(const Option& option) {
  struct Text {
    std::string operator()(const bool*) const { return ""; }
    std::string operator()(const unsigned*) const { return "NUMBER"; }
    std::string operator()(const std::uint64_t*) const { return "NUMBER"; }
    std::string operator()(const double*) const { return "NUMBER"; }
    std::string operator()(const std::string*) const { return "TEXT"; }
    std::string operator()(const std::vector<std::string>*) const { return "TEXT"; }
    std::string operator()(const std::optional<std::int64_t>*) const { return "NUMBER"; }
  };
  return option.shown.empty() ? std::visit(Text{}, option.value) : option.shown;
}

std::string conditions_text(const Option& option) {
  std::string text;
  const auto add = [&text](const std::string& part) {
    if (!part.empty()) text += text.empty() ? part : ' ' + part;
  };
  if (option.range) {
    const auto [least, most] = *option.range;
    add(most >= kNoMost ? fmt::format("(at least {})", least)
                        : fmt::format("({} to {})", least, most));
  }
  if (!option.choices.empty()) add(fmt::format("({})", fmt::join(option.choices, ", ")));
  if (option.default_in_help) {
    add(std::visit([](const auto* value) { return default_text(*value); }, option.value));
  }
  if (!option.needs.empty()) add(fmt::format("(with {})", option.needs));
  if (!option.excludes.empty()) add(fmt::format("(not with {})", fmt::join(option.excludes, ", ")));
  return text;
}

bool is_argument(const Option& option) {
  return !option.name.starts_with('-');
}

std::string help_text(const Command& command, std::size_t width) {
  std::string text;
  append_wrapped(text, command.summary, 0, 0, width);
  std::string usage = fmt::format("Usage: {} {} [OPTIONS]", kProgramName, command.name);
  std::string arguments;
  std::string options;
  for (const Option& option : command.options) {
    if (is_argument(option)) {
      const std::string name = value_text(option);
      usage += option.required ? ' ' + name : fmt::format(" [{}]", name);
      append_entry(arguments,
                   fmt::format("{} {}{}", option.name, name, option.required ? " REQUIRED" : ""),
                   described(option), width);
    } else {
      append_entry(options, name_text(option),
                   option.required ? described(option) + " REQUIRED" : described(option), width);
    }
  }
  text += usage + '\n';
  if (!arguments.empty()) text += "\nPositionals:\n" + arguments;
  text += "\nOptions:\n";
  append_entry(text, "-h,--help", "Print this help and exit", width);
  return text + options;
}

std::string overview_text(const std::vector<Command>& commands, std::size_t width) {
  std::string text =
      fmt::format("{}\n\nUsage: {} [COMMAND] [OPTIONS]\n\n", kProgramSummary, kProgramName);
  append_wrapped(text,
                 fmt::format("To see it work, with nothing else needed: {} demo", kProgramName), 0,
                 0, width);
  append_wrapped(text,
                 fmt::format("To serve: {} --config FILE, which is the command {}", kProgramName,
                             commands.front().name),
                 0, 0, width);
  text += "\nOptions:\n";
  append_entry(text, "-h,--help", "Print this help and exit; after a command, its help", width);
  append_entry(text, "-V,--version", "Print version and build and exit", width);
  text += "\nSubcommands:\n";
  for (const Command& command : commands) append_entry(text, command.name, command.summary, width);
  return text;
}

std::size_t terminal_width() {
  constexpr std::size_t kUsual = 80;
  const std::size_t width = Terminal(stdout).columns();
  return std::clamp(width == 0 ? kUsual : width, kLeast, kMost);
}

}  // namespace gateway::commands
