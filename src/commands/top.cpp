#include "commands/commands.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <ctime>
#include <memory>
#include <optional>
#include <utility>

#include "commands/admin_address.hpp"
#include "events/terminal_text.hpp"
#include "gateway/observe/admin_client.hpp"
#include "gateway/observe/json_part.hpp"
#include "gateway/observe/top_text.hpp"
#include "runtime/clock.hpp"
#include "runtime/standard_streams.hpp"
#include "runtime/terminal.hpp"

namespace gateway::commands {
namespace {

constexpr std::chrono::seconds kPatience{2};  // the gateway itself waits a second for its shards

struct TopOptions {
  AdminAddress admin;
  unsigned every_seconds = 1;
  bool once = false;
};

// Takes SIGINT and SIGTERM: they end the wait between two requests, and so the command.
class Stop {
 public:
  Stop() {
    sigemptyset(&signals_);
    sigaddset(&signals_, SIGINT);
    sigaddset(&signals_, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &signals_, nullptr);
  }
  // Returns whether a signal came within that time.
  [[nodiscard]] bool came_within(std::chrono::seconds time) const {
    const timespec wait{time.count(), 0};
    int number = -1;
    do {
      number = sigtimedwait(&signals_, nullptr, &wait);
    } while (number < 0 && errno == EINTR);
    return number > 0;
  }

 private:
  sigset_t signals_{};
};

struct Look {
  boost::json::value status;
  Instant at;
};

std::optional<Look> look(const observe::AdminClient& gateway, std::string& error) {
  auto answer = gateway.get("/status", kPatience);
  const Instant now = std::chrono::steady_clock::now();
  if (answer.status == 200) {
    auto status = observe::parsed_json(answer.body);
    if (status.is_object()) return Look{std::move(status), now};
    answer.error = "what it answers is no status";
  } else if (answer.status != 0) {
    answer.error = fmt::format("it answers {}: {}", answer.status,
                               answer.body.substr(0, answer.body.find('\n')));
  }
  error = fmt::format("no figures from {}: {}", gateway.address(), answer.error);
  return std::nullopt;
}

int top(const TopOptions& options) {
  int exit_code = kDone;
  const auto address = options.admin.find(exit_code);
  if (!address) return exit_code;
  const observe::AdminClient gateway(*address, options.admin.keys());
  const std::chrono::seconds every(options.every_seconds);
  const Stop stop;
  Terminal terminal(stdout);
  std::optional<Look> before;
  bool shown = false;
  do {
    std::string error;
    auto now = look(gateway, error);
    if (!now && (options.once || !terminal.is_terminal())) {
      print_error("error: {}\n", events::terminal_text(error));
      return kUnavailable;
    }
    if (!now) {
      terminal.screen({Line().add(error, Colour::red)});
    } else if (before || (!options.once && terminal.is_terminal())) {
      terminal.screen(observe::top_text(
          observe::JsonPart(&now->status), observe::JsonPart(before ? &before->status : nullptr),
          before ? now->at - before->at : Instant::duration(), terminal.columns()));
      shown = true;
    }
    before = std::move(now);
  } while (!(options.once && shown) && terminal.good() && !stop.came_within(every));
  return kDone;
}

}  // namespace

Command top_command() {
  auto options = std::make_shared<TopOptions>();
  Command command{.name = "top",
                  .summary = "Show the figures of a running gateway, as its status page does",
                  .run = [options] { return top(*options); }};
  options->admin.add_to(command);
  command.add("--every", &options->every_seconds, "How often they are read",
              {.shown = "SECONDS", .range = {{1, 3600}}, .default_in_help = true});
  command.add("--once", &options->once, "Read them twice, show them and end");
  return command;
}

}  // namespace gateway::commands
