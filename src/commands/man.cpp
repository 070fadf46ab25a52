#include "commands/commands.hpp"

#include <fmt/format.h>

#include <string>
#include <string_view>

#include "commands/command.hpp"
#include "commands/command_line.hpp"
#include "commands/help.hpp"
#include "gateway/version.hpp"

namespace gateway::commands {
namespace {

// The parts of the manual page that are in no command's help.
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
.B 74
The output could not be written.
.TP
.B 77
Not authorised in the cloud.
.TP
.B 78
Wrong configuration.
)";

// Returns roff that shows `text` as it is: backslashes, hyphens, and dots and quotes that begin a
// line have a meaning in roff.
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

std::string option_text(const Option& option) {
  std::string text = fmt::format(".TP\n\\fB{}\\fR", escaped(option.name));
  if (const auto value = value_text(option); !value.empty()) text += ' ' + escaped(value);
  if (option.required) text += " REQUIRED";
  const std::string conditions = conditions_text(option);
  return text + '\n' + sentence(conditions.empty() ? option.help : option.help + ' ' + conditions);
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

Command man_command(const std::vector<Command>& all) {
  Command command{.name = "man", .summary = "Print the manual page: cos-gateway man | man -l -"};
  command.run = [&all] {
    fmt::print("{}", page(all));
    return kDone;
  };
  return command;
}

}  // namespace gateway::commands
