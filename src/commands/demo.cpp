#include "commands/demo.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <memory>
#include <string>

#include "commands/configuration.hpp"
#include "demo/demo_parts.hpp"
#include "demo/demo_run.hpp"
#include "gateway/config/formats.hpp"

namespace gateway::commands {
namespace {

// What `demo` is asked to be; without more, all of it in one process.
struct Options {
  demo::DemoOptions whole;
  bool eventbus_only = false;
  std::string listen = "127.0.0.1:8081";
  demo::EventbusOptions eventbus;
  std::string post_to;
  unsigned seconds = 0;
  bool seconds_given = false;
};

int run(const Options& options) {
  if (options.eventbus_only) {
    demo::EventbusOptions eventbus = options.eventbus;
    const config::ListenAddress address;
    const auto listen = address.parse({options.listen});
    if (!listen) {
      fmt::print(stderr, "error: --listen: expected {}\n", address.expected());
      return kUsage;
    }
    eventbus.listen = *listen;
    return demo::run_eventbus(eventbus);
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

void add_demo(CLI::App& app, int& exit_code) {
  constexpr unsigned kDay = 86'400;
  auto options = std::make_shared<Options>();
  options->seconds = static_cast<unsigned>(options->whole.duration.count());

  CLI::App* command = app.add_subcommand(
      "demo", "Run gateway, eventbus and synthetic COS posts here and show events arriving");
  auto* seconds = command->add_option("--seconds", options->seconds, "How long to post")
                      ->capture_default_str()
                      ->check(CLI::Range(1U, kDay));
  command->add_option("--rate", options->whole.rate, "Posts per second")
      ->capture_default_str()
      ->check(CLI::Range(0.1, 100'000.0));
  command->add_option("--records", options->whole.max_records, "Most records in one post")
      ->capture_default_str()
      ->check(CLI::Range(1U, 1000U));
  auto* once = command
                   ->add_option("--once", options->whole.once,
                                "Post this payload and print the requests it gives")
                   ->check(CLI::ExistingFile)
                   ->type_name("FILE");
  auto* eventbus = command->add_flag("--eventbus-only", options->eventbus_only,
                                     "Be an eventbus that prints events, until a signal comes");
  command->add_option("--listen", options->listen, "Where that eventbus listens")
      ->capture_default_str()
      ->needs(eventbus)
      ->type_name("ADDRESS");
  command
      ->add_option("--refuse-every", options->eventbus.refuse_every,
                   "It answers 422 to every Nth request, to see failures")
      ->needs(eventbus)
      ->type_name("N");
  auto* post_to =
      command
          ->add_option("--post-to", options->post_to,
                       "Only post, to a gateway that runs elsewhere; without --seconds, until a "
                       "signal comes")
          ->type_name("URL");
  post_to->excludes(eventbus)->excludes(once);
  command->callback([options, seconds, &exit_code] {
    options->seconds_given = seconds->count() != 0;
    exit_code = run(*options);
  });
}

}  // namespace gateway::commands
