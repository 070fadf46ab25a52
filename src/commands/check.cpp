#include "commands/check.hpp"

#include <fmt/format.h>

#include <memory>

#include "commands/configuration.hpp"
#include "gateway/config/reference.hpp"
#include "gateway/config/render.hpp"

namespace gateway::commands {
namespace {

struct Options {
  ConfigurationOptions configuration;
  bool reference = false;
};

int check(const Options& options) {
  if (options.reference) {
    fmt::print("{}", config::reference());
    return kDone;
  }
  const auto settings = options.configuration.load();
  if (settings) fmt::print("{}", config::render(*settings));
  return settings ? kDone : kConfiguration;
}

}  // namespace

void add_check(CLI::App& app, int& exit_code) {
  auto* command = app.add_subcommand(
      "check", "Validate the configuration and print it as it takes effect, secrets redacted");
  auto options = std::make_shared<Options>();
  options->configuration.add_to(*command);
  command->add_flag("--reference", options->reference,
                    "Print every key with its bounds, default and meaning as Markdown; reads no "
                    "configuration");
  command->callback([options, &exit_code] { exit_code = check(*options); });
}

}  // namespace gateway::commands
