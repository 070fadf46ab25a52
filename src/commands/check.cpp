#include "commands/check.hpp"

#include <fmt/format.h>

#include <memory>

#include "commands/configuration.hpp"
#include "gateway/config/render.hpp"

namespace gateway::commands {

void add_check(CLI::App& app, int& exit_code) {
  auto* command = app.add_subcommand(
      "check", "Validate the configuration and print it as it takes effect, secrets redacted");
  auto options = std::make_shared<ConfigurationOptions>();
  options->add_to(*command);
  command->callback([options, &exit_code] {
    const auto settings = options->load();
    if (settings) fmt::print("{}", config::render(*settings));
    exit_code = settings ? kDone : kConfiguration;
  });
}

}  // namespace gateway::commands
