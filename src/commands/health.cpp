#include "commands/health.hpp"

#include <fmt/format.h>

#include <chrono>
#include <memory>

#include "commands/admin_address.hpp"
#include "events/terminal_text.hpp"
#include "gateway/observe/admin_client.hpp"

namespace gateway::commands {
namespace {

constexpr std::chrono::seconds kLimit{2};
constexpr int kUnhealthy = 1;  // what Docker and others read as such

struct Options {
  AdminAddress admin;
  bool ready = false;
};

int health(const Options& options) {
  int exit_code = kDone;
  const auto address = options.admin.find(exit_code);
  if (!address) return exit_code;
  const observe::AdminClient gateway(*address);
  const auto answer = gateway.get(options.ready ? "/readyz" : "/healthz", kLimit);
  if (answer.status == 0) {
    fmt::print(stderr, "error: no gateway at {}: {}\n", gateway.address(),
               events::terminal_text(answer.error));
    return kUnavailable;
  }
  fmt::print("{}", events::terminal_lines(answer.body));
  return answer.status == 200 ? kDone : kUnhealthy;
}

}  // namespace

Command health_command() {
  auto options = std::make_shared<Options>();
  Command command{
      .name = "health",
      .summary =
          "Ask a running gateway whether it is healthy: exit code 0, 1, or 69 without answer",
      .run = [options] { return health(*options); }};
  options->admin.add_to(command);
  command.options.push_back(
      {.name = "--ready", .value = &options->ready, .help = "Whether it takes posts, instead"});
  return command;
}

}  // namespace gateway::commands
