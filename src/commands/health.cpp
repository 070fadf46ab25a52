#include "commands/commands.hpp"

#include <fmt/format.h>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <boost/json/value_to.hpp>
#include <chrono>
#include <cstdint>
#include <exception>
#include <memory>

#include "commands/admin_address.hpp"
#include "events/terminal_text.hpp"
#include "gateway/observe/admin_client.hpp"
#include "gateway/observe/status_figures.hpp"
#include "runtime/standard_streams.hpp"

namespace gateway::commands {
namespace {

namespace json = boost::json;

constexpr std::chrono::seconds kLimit{2};
constexpr int kUnhealthy = 1;  // what Docker and others read as such

struct HealthOptions {
  AdminAddress admin;
  bool ready = false;
  bool buckets = false;
};

// Returns a line for each entry of `buckets`, or why there is none.
std::string buckets_of(const observe::AdminClient::Answer& answer) try {
  boost::system::error_code error;
  const json::value status = json::parse(answer.body, error);
  const auto* const buckets =
      answer.status == 200 && !error ? status.as_object().if_contains("buckets") : nullptr;
  if (buckets == nullptr) {
    return fmt::format("buckets: /status answers {}\n", answer.status);
  }
  std::string lines;
  for (const json::value& bucket : buckets->as_array()) {
    const auto text = [&](std::string_view name) {
      const auto* const value = bucket.at(name).if_string();
      return value == nullptr ? std::string("-") : events::terminal_text(*value);
    };
    lines +=
        fmt::format("{}  {}  last event {}", text("bucket"), text("state"), text("last_event"));
    for (const auto& [outcome, count] : bucket.at("events").as_object()) {
      lines += fmt::format("  {} {}", std::string_view(outcome), count.to_number<std::uint64_t>());
    }
    const std::string problem = text("last_error");
    lines += problem.empty() ? "\n" : fmt::format("  error: {}\n", problem);
  }
  return lines.empty() ? "buckets: there is no list of buckets in the configuration\n" : lines;
} catch (const std::exception&) {  // of Boost.JSON, for a member that is missing or something else
  return "buckets: what /status answers is no status of a gateway\n";
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
  const auto status = observe::read_status(answered.body);
  if (status && !status->problem.empty()) {
    fmt::print("{}: {}\n", events::terminal_text(status->state),
               events::terminal_text(status->problem));
  }
  if (options.buckets) {
    fmt::print("{}", buckets_of(answered));
  }
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
