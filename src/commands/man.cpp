#include "commands/man.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>

#include "commands/command_line.hpp"
#include "commands/exit_codes.hpp"
#include "gateway/version.hpp"

namespace gateway::commands {
namespace {

// What no help of a command says.
constexpr std::string_view kIntroduction = R"(.SH DESCRIPTION
A gateway between object storage and an eventbus. A small relay function, which the gateway deploys
itself, posts every event of a Tencent COS bucket to it; the gateway makes one CloudEvent of each
record and delivers them. A post is answered 200 only when the eventbus has taken all its events, or
when they are durably stored.
.PP
Without a command,
.B run
is meant. SIGTERM and SIGINT stop the gateway, which finishes the posts in flight first; a second
signal ends it at once.
)";

constexpr std::string_view kRest = R"(.SH FILES
.TP
.I /vance/config/config.yml
The configuration, unless \fB\-\-config\fR or CONNECTOR_CONFIG name another file.
.TP
.I /vance/secret/secret.yml
The secrets, unless \fB\-\-secret\fR or CONNECTOR_SECRET name another file.
.SH ENVIRONMENT
.TP
.BR CONNECTOR_CONFIG ", " CONNECTOR_SECRET
The two files.
.TP
.BR CONNECTOR_TARGET ", " CONNECTOR_PORT
Override
.I target
and the port of
.IR gateway.listen .
.TP
.BR TENCENTCLOUD_SECRET_ID ", " TENCENTCLOUD_SECRET_KEY ", " TENCENTCLOUD_TOKEN
Credentials, where no file has them.
.SH EXIT STATUS
.TP
.B 0
Done.
.TP
.B 64
Wrong usage.
.TP
.B 69
The cloud, the eventbus, a store or an address is unavailable.
.TP
.B 70
Internal error.
.TP
.B 77
Not authorised in the cloud.
.TP
.B 78
Wrong configuration.
)";

// Text as it is: roff gives a meaning to backslashes, to hyphens, and to dots and quotes that begin
// a line.
std::string escaped(std::string_view text) {
  std::string result;
  bool line_begins = true;
  for (const char c : text) {
    if (line_begins && (c == '.' || c == '\'')) result += "\\&";
    if (c == '\\') {
      result += "\\e";
    } else if (c == '-') {
      result += "\\-";
    } else {
      result += c;
    }
    line_begins = c == '\n';
  }
  return result;
}

std::string sentence(const std::string& text) {
  const bool ends = text.empty() || text.back() == '.' || text.back() == ':';
  return escaped(text) + (ends ? "\n" : ".\n");
}

template <class Value>
std::string default_text(const Value& value) {
  if constexpr (std::is_arithmetic_v<Value>) {
    return fmt::format(" [{}]", value);
  } else if constexpr (std::is_same_v<Value, std::string>) {
    return escaped(fmt::format(" [{}]", value));
  } else {
    return "";
  }
}

// The word --help has for the value of an option that names none.
std::string type_text(const Option& option) {
  struct Text {
    std::string operator()(const bool*) const { return ""; }
    std::string operator()(const unsigned*) const { return "UINT"; }
    std::string operator()(const std::uint64_t*) const { return "UINT"; }
    std::string operator()(const double*) const { return "FLOAT"; }
    std::string operator()(const std::string*) const { return "TEXT"; }
    std::string operator()(const std::vector<std::string>*) const { return "TEXT"; }
    std::string operator()(const std::optional<std::int64_t>*) const { return "INT"; }
  };
  return option.shown.empty() ? std::visit(Text{}, option.value) : option.shown;
}

std::string option_text(const Option& option) {
  std::string text = fmt::format(".TP\n\\fB{}\\fR", escaped(option.name));
  if (const auto type = type_text(option); !type.empty()) text += ' ' + escaped(type);
  if (option.range) {
    text += fmt::format(" in [{} \\- {}]", option.range->first, option.range->second);
  }
  if (!option.choices.empty()) {
    text += escaped(fmt::format(" {{{}}}", fmt::join(option.choices, ",")));
  }
  if (option.default_in_help) {
    text += std::visit([](const auto* value) { return default_text(*value); }, option.value);
  }
  if (option.required) text += " REQUIRED";
  if (!option.needs.empty()) text += " Needs: " + escaped(option.needs);
  if (!option.excludes.empty()) {
    text += escaped(fmt::format(" Excludes: {}", fmt::join(option.excludes, " ")));
  }
  return text + '\n' + sentence(option.help);
}

// Returns the page in roff: the commands and all their options.
std::string page(const std::vector<Command>& commands) {
  const std::string name = escaped(kProgramName);
  std::string text =
      fmt::format(".TH COS\\-GATEWAY 1 \"\" \"{} {}\" \"User Commands\"\n", name, kVersion);
  text += fmt::format(".SH NAME\n{} \\- {}\n", name, escaped(kProgramSummary));
  text += fmt::format(".SH SYNOPSIS\n.B {}\n[\\fICOMMAND\\fR] [\\fIOPTIONS\\fR]\n", name);
  text += kIntroduction;
  text += ".SH COMMANDS\n";
  for (const Command& command : commands) {
    text += fmt::format(".SS {}\n{}", escaped(command.name), sentence(command.summary));
    for (const Option& option : command.options) text += option_text(option);
  }
  text += kRest;
  return text;
}

}  // namespace

Command man_command(std::vector<Command> others) {
  Command command{.name = "man", .summary = "Print the manual page: cos-gateway man | man -l -"};
  others.push_back(command);
  command.run = [commands = std::move(others)] {
    fmt::print("{}", page(commands));
    return kDone;
  };
  return command;
}

}  // namespace gateway::commands
