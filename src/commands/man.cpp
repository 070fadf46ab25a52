#include "commands/man.hpp"

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <utility>

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

// The page in roff, with the commands of `app` and every option of theirs as --help has it.
class Page {
 public:
  explicit Page(const CLI::App& app) {
    text_ = fmt::format(".TH COS\\-GATEWAY 1 \"\" \"{} {}\" \"User Commands\"\n",
                        escaped(app.get_name()), kVersion);
    text_ += fmt::format(".SH NAME\n{} \\- {}\n", escaped(app.get_name()),
                         escaped(app.get_description()));
    text_ += fmt::format(".SH SYNOPSIS\n.B {}\n[\\fICOMMAND\\fR] [\\fIOPTIONS\\fR]\n",
                         escaped(app.get_name()));
    text_ += kIntroduction;
    text_ += ".SH COMMANDS\n";
    for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
      add_command(*command);
    }
    text_ += kRest;
  }

  [[nodiscard]] std::string text() && { return std::move(text_); }

 private:
  void add_command(const CLI::App& command) {
    text_ +=
        fmt::format(".SS {}\n{}", escaped(command.get_name()), sentence(command.get_description()));
    add_options(command);
    if (!command.get_footer().empty()) {
      text_ += fmt::format(".PP\n.nf\n{}\n.fi\n", escaped(command.get_footer()));
    }
  }

  void add_options(const CLI::App& command) {
    for (const CLI::Option* option : command.get_options()) {
      if (option == command.get_help_ptr() || option->get_group().empty()) continue;
      const bool positional = option->get_positional();
      text_ += fmt::format(
          ".TP\n\\fB{}\\fR{}\n{}", escaped(format_.make_option_name(option, positional)),
          escaped(format_.make_option_opts(option)), sentence(format_.make_option_desc(option)));
    }
    // A group of options is a command without a name.
    for (const CLI::App* group : command.get_subcommands([](const CLI::App*) { return true; })) {
      if (group->get_name().empty()) add_options(*group);
    }
  }

  const CLI::Formatter format_;  // as of --help
  std::string text_;
};

}  // namespace

void add_man(CLI::App& app, int& exit_code) {
  CLI::App* command =
      app.add_subcommand("man", "Print the manual page: cos-gateway man | man -l -");
  command->callback([&app, &exit_code] {
    fmt::print("{}", Page(app).text());
    exit_code = 0;
  });
}

}  // namespace gateway::commands
