#include "commands/commands.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <memory>
#include <stdexcept>
#include <string>

#include "commands/admin_address.hpp"
#include "events/terminal_text.hpp"
#include "gateway/observe/admin_client.hpp"
#include "gateway/observe/tap_text.hpp"
#include "runtime/standard_streams.hpp"
#include "runtime/terminal.hpp"

namespace gateway::commands {
namespace {

struct TapOptions {
  AdminAddress admin;
  std::string filter;
  bool json = false;
};

int tap(const TapOptions& options) {
  int exit_code = kDone;
  const auto address = options.admin.find(exit_code);
  if (!address) return exit_code;
  const observe::AdminClient gateway(*address, options.admin.keys());
  const observe::TapFilter filter(options.filter);
  Terminal terminal(stdout);
  const auto followed =
      gateway.follow("/stream?events=tap", [&](std::string_view name, std::string_view data) {
        if (name == "dropped") print_error("not shown: {}\n", events::terminal_text(data));
        if (name != "tap") return;
        if (!options.json) {
          const auto line = observe::tap_line(data, filter, terminal.columns());
          if (line) terminal.line(*line);
        } else if (observe::tap_admits(data, filter)) {
          fmt::print("{}\n", events::terminal_json(data));
        }
        terminal.flush();
        if (!terminal.good()) throw std::runtime_error("the output could not be written");
      });
  switch (followed.end) {
    case observe::AdminClient::End::signal: return kDone;
    case observe::AdminClient::End::lost:
      print_error("error: {}: {}\n", gateway.address(), events::terminal_text(followed.error));
      return kUnavailable;
    case observe::AdminClient::End::refused:
    case observe::AdminClient::End::unreachable:
      print_error("error: no events from {}: {}\n", gateway.address(),
                  events::terminal_text(followed.error));
      return kUnavailable;
  }
  return kInternal;
}

}  // namespace

Command tap_command() {
  auto options = std::make_shared<TapOptions>();
  Command command{
      .name = "tap",
      .summary =
          "Show events of a running gateway as they are settled, at most 20 a second and "
          "thread",
      .run = [options] { return tap(*options); }};
  options->admin.add_to(command);
  command.add("--filter", &options->filter,
              "Only one outcome (delivered, failed, dead_lettered, spooled), or keys that begin "
              "so",
              {.shown = "TEXT"});
  command.add("--json", &options->json, "One JSON object a line");
  return command;
}

}  // namespace gateway::commands
