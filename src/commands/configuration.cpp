#include "commands/configuration.hpp"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <iterator>
#include <system_error>

#include "gateway/egress/store/store_places.hpp"
#include "gateway/provisioning/wanted_function.hpp"
#include "gateway/tls/tls_source.hpp"
#include "runtime/log.hpp"
#include "runtime/standard_streams.hpp"

namespace gateway::commands {

void ConfigurationOptions::add_to(Command& command) {
  command.add("--config", &config_path_,
              "Configuration file (else CONNECTOR_CONFIG, else /vance/config/config.yml)",
              {.shown = "FILE"});
  command.add("--secret", &secret_path_,
              "Secret file (else CONNECTOR_SECRET, else /vance/secret/secret.yml)",
              {.shown = "FILE"});
  command.add("--set", &overrides_, "Override one key, e.g. --set delivery.pipeline=16",
              {.shown = "KEY=VALUE"});
}

config::Sources ConfigurationOptions::sources() const {
  config::Sources sources;
  if (!config_path_.empty()) sources.config_path = config_path_;
  if (!secret_path_.empty()) sources.secret_path = secret_path_;
  sources.environment = config::process_environment();
  return sources;
}

config::Loaded ConfigurationOptions::read() const {
  config::Sources sources = this->sources();
  const auto exists = [](const std::string& path) {
    std::error_code unreadable;
    return std::filesystem::exists(path, unreadable);
  };
  const auto& defaults = sources.default_config_paths;
  const bool any_file = sources.config_path || sources.environment.contains("CONNECTOR_CONFIG") ||
                        std::ranges::any_of(defaults, exists);
  if (!any_file) sources.overrides = assumed_;
  sources.overrides.insert(sources.overrides.end(), overrides_.begin(), overrides_.end());
  const auto check_files = [](const config::Settings& settings, config::Report& report) {
    tls::check_files(settings, report);
    egress::check_store_places(settings, report);
  };
  config::Loaded loaded = config::load(sources, check_files);
  if (!loaded.ok() || !loaded.settings.function.provision) return loaded;
  std::ranges::move(problems_with_functions(loaded.settings), std::back_inserter(loaded.problems));
  return loaded;
}

std::optional<config::Settings> ConfigurationOptions::load() const {
  config::Loaded loaded = read();
  for (const auto& warning : loaded.warnings) {
    print_error("{}warning: {}\n", log::journal_prefix(log::Level::warn), warning.text());
  }
  for (const auto& problem : loaded.problems) {
    print_error("{}error: {}\n", log::journal_prefix(log::Level::error), problem.text());
  }
  if (!loaded.ok()) return std::nullopt;
  return std::move(loaded.settings);
}

}  // namespace gateway::commands
