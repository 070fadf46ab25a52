#include "commands/commands.hpp"

#include <fmt/format.h>

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

#include "commands/admin_address.hpp"
#include "events/terminal_text.hpp"
#include "gateway/observe/admin_client.hpp"
#include "gateway/observe/json_part.hpp"
#include "runtime/standard_streams.hpp"

namespace gateway::commands {
namespace {

constexpr std::chrono::seconds kLimit{2};
constexpr int kUnhealthy = 1;  // what Docker and others read as such

struct HealthOptions {
  AdminAddress admin;
  bool ready = false;
  bool buckets = false;
};

// Returns a line for each entry of `buckets`, or why there is none.
std::string buckets_of(const observe::AdminClient::Answer& answer, observe::JsonPart status) {
  const observe::JsonPart buckets = status["buckets"];
  if (answer.status != 200 || !buckets.there()) {
    return fmt::format("buckets: /status answers {}\n", answer.status);
  }
  std::string lines;
  bool good = buckets.is_array();
  buckets.each([&](observe::JsonPart bucket) {
    good = good && bucket["events"].is_object();
    const auto text = [&](std::string_view name) {
      return bucket[name].there() ? events::terminal_text(bucket[name].text()) : std::string("-");
    };
    lines +=
        fmt::format("{}  {}  last event {}", text("bucket"), text("state"), text("last_event"));
    bucket["events"].each_member([&](std::string_view outcome, observe::JsonPart count) {
      lines += fmt::format("  {} {}", outcome, count.count());
    });
    const std::string problem = text("last_error");
    lines += problem.empty() ? "\n" : fmt::format("  error: {}\n", problem);
  });
  if (!good) return "buckets: what /status answers is no status of a gateway\n";
  return lines.empty() ? "buckets: there is no list of buckets in the configuration\n" : lines;
}

int health(const HealthOptions& options) {
  int exit_code = kDone;
  const auto address = options.admin.find(exit_code);
  if (!address) return exit_code;
  const observe::AdminClient gateway(*address);
  const auto answer = gateway.get(options.ready ? "/readyz" : "/healthz", kLimit);
  if (answer.status == 0) {
    print_error("error: no gateway at {}: {}\n", gateway.address(),
                events::terminal_text(answer.error));
    return kUnavailable;
  }
  fmt::print("{}", events::terminal_lines(answer.body));
  // A gateway's loops can run and it can be ready while no event passes at all.
  const observe::AdminClient asked(*address, options.admin.keys());
  const auto answered = asked.get("/status", kLimit);
  const auto document = observe::parsed_json(answered.body);
  const observe::JsonPart status(&document);
  if (const auto problem = status["problem"].text(); !problem.empty()) {
    fmt::print("{}: {}\n", events::terminal_text(status["state"].text()),
               events::terminal_text(problem));
  }
  if (options.buckets) fmt::print("{}", buckets_of(answered, status));
  return answer.status == 200 ? kDone : kUnhealthy;
}

}  // namespace

Command health_command() {
  auto options = std::make_shared<HealthOptions>();
  Command command{
      .name = "health",
      .summary =
          "Ask a running gateway whether it is healthy: exit code 0, 1, or 69 without answer",
      .run = [options] { return health(*options); }};
  options->admin.add_to(command);
  command.add("--ready", &options->ready, "Whether it takes posts, instead");
  command.add("--buckets", &options->buckets,
              "List the buckets as well: state, last event, what became of their records");
  return command;
}

}  // namespace gateway::commands
