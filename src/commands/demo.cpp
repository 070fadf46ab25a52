#include "commands/demo.hpp"

#include <CLI/CLI.hpp>
#include <chrono>
#include <memory>

#include "demo/demo_run.hpp"

namespace gateway::commands {

void add_demo(CLI::App& app, int& exit_code) {
  constexpr unsigned kDay = 86'400;
  auto options = std::make_shared<demo::DemoOptions>();
  auto seconds = std::make_shared<unsigned>(static_cast<unsigned>(options->duration.count()));

  CLI::App* command = app.add_subcommand(
      "demo", "Run gateway, eventbus and synthetic COS posts here and show events arriving");
  command->add_option("--seconds", *seconds, "How long to post")
      ->capture_default_str()
      ->check(CLI::Range(1U, kDay));
  command->add_option("--rate", options->rate, "Posts per second")
      ->capture_default_str()
      ->check(CLI::Range(0.1, 100'000.0));
  command->add_option("--records", options->max_records, "Most records in one post")
      ->capture_default_str()
      ->check(CLI::Range(1U, 1000U));
  command->add_option("--once", options->once, "Post this payload and print the requests it gives")
      ->check(CLI::ExistingFile)
      ->type_name("FILE");
  command->callback([options, seconds, &exit_code] {
    options->duration = std::chrono::seconds(*seconds);
    exit_code = demo::run_demo(*options);
  });
}

}  // namespace gateway::commands
