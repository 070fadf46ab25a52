#include "commands/commands.hpp"

#include <boost/system/system_error.hpp>
#include <chrono>
#include <memory>
#include <string>

#include "commands/configuration.hpp"
#include "demo/demo.hpp"
#include "gateway/config/formats.hpp"
#include "runtime/standard_streams.hpp"

namespace gateway::commands {
namespace {

// What `demo` runs: gateway, eventbus and posts in one process, or the eventbus or the posts alone.
struct DemoOptions {
  demo::DemoOptions whole;
  bool eventbus_only = false;
  std::string listen = "127.0.0.1:8081";
  demo::EventbusOptions eventbus;
  std::string post_to;
  unsigned seconds = 0;
  bool seconds_given = false;
};

int run(const DemoOptions& options) {
  if (options.eventbus_only) {
    demo::EventbusOptions eventbus = options.eventbus;
    const auto address = config::listen_address();
    const auto listen = address.parse({options.listen}).value;
    if (!listen) {
      print_error("error: --listen: expected {}\n", address.expected);
      return kUsage;
    }
    eventbus.listen = *listen;
    try {
      return demo::run_eventbus(eventbus);
    } catch (const boost::system::system_error& error) {  // the address cannot be had
      print_error("error: {}: {}\n", options.listen, error.what());
      return kUnavailable;
    }
  }
  const std::chrono::seconds duration(options.seconds);
  if (!options.post_to.empty()) {
    demo::PostToOptions posting;
    posting.url = options.post_to;
    posting.rate = options.whole.rate;
    posting.max_records = options.whole.max_records;
    if (options.seconds_given) posting.duration = duration;
    return demo::run_poster(posting);
  }
  demo::DemoOptions whole = options.whole;
  whole.duration = duration;
  return demo::run_demo(whole);
}

}  // namespace

Command demo_command() {
  constexpr double kDay = 86'400;
  auto options = std::make_shared<DemoOptions>();
  options->seconds = static_cast<unsigned>(options->whole.duration.count());
  Command command{.name = "demo",
                  .summary =
                      "Run gateway, eventbus and synthetic COS posts here and show events "
                      "arriving",
                  .run = [options] { return run(*options); }};
  command.add("--seconds", &options->seconds, "How long to post",
              {.range = {{1, kDay}}, .default_in_help = true, .given = &options->seconds_given});
  command.add("--rate", &options->whole.rate, "Posts per second",
              {.range = {{0.1, 100'000}}, .default_in_help = true});
  command.add("--records", &options->whole.max_records, "Most records in one post",
              {.range = {{1, 1000}}, .default_in_help = true});
  command.add("--outage", &options->whole.outage,
              "Let the eventbus die and come back meanwhile: events wait in a spool",
              {.excludes = {"--eventbus-only", "--once", "--post-to"}});
  command.add("--once", &options->whole.once, "Post this payload and print the requests it gives",
              {.shown = "FILE", .existing_file = true});
  command.add("--eventbus-only", &options->eventbus_only,
              "Be an eventbus that prints events, until a signal comes");
  command.add("--listen", &options->listen, "Where that eventbus listens",
              {.shown = "ADDRESS", .needs = "--eventbus-only", .default_in_help = true});
  command.add("--refuse-every", &options->eventbus.refuse_every,
              "It answers 422 to every Nth request, to see failures",
              {.shown = "N", .needs = "--eventbus-only"});
  command.add("--post-to", &options->post_to,
              "Only post, to a gateway that runs elsewhere; without --seconds, until a signal "
              "comes",
              {.shown = "URL", .excludes = {"--eventbus-only", "--once"}});
  return command;
}

}  // namespace gateway::commands
