#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "commands/command.hpp"
#include "gateway/config/load.hpp"

namespace gateway::commands {

// The options of every subcommand that reads the configuration.
class ConfigurationOptions {
 public:
  // Adds the options to `command`. They refer to this object, which must live as long.
  void add_to(Command& command);

  // Sets overrides for the case that no configuration file is named and none is at the default
  // path.
  void assume_if_none(std::vector<std::string> overrides) { assumed_ = std::move(overrides); }

  // Reads and checks the configuration.
  [[nodiscard]] config::Loaded read() const;
  // Does the same and prints every problem and warning on stderr. Returns nullopt if there was a
  // problem.
  [[nodiscard]] std::optional<config::Settings> load() const;
  // Returns when that configuration was made, in milliseconds since 1970.
  [[nodiscard]] std::int64_t generation() const { return config::configured_at(sources()).count(); }

 private:
  [[nodiscard]] config::Sources sources() const;

  std::string config_path_;
  std::string secret_path_;
  std::vector<std::string> overrides_;
  std::vector<std::string> assumed_;
};

}  // namespace gateway::commands
