#pragma once
#include <CLI/App.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "gateway/config/load.hpp"

namespace gateway::commands {

// Exit codes every subcommand keeps to (sysexits.h).
inline constexpr int kDone = 0;
inline constexpr int kUsage = 64;
inline constexpr int kUnavailable = 69;
inline constexpr int kInternal = 70;
inline constexpr int kNotAuthorised = 77;
inline constexpr int kConfiguration = 78;

// The options of every subcommand that reads the configuration.
class ConfigurationOptions {
 public:
  // `app` keeps references to this object, which must live as long.
  void add_to(CLI::App& app);

  // Overrides that hold when no configuration file is named and none is at the default path.
  void assume_if_none(std::vector<std::string> overrides) { assumed_ = std::move(overrides); }

  // Reads and checks the configuration, and prints every problem and warning on stderr. Empty if
  // there was a problem.
  [[nodiscard]] std::optional<config::Settings> load() const;

 private:
  std::string config_path_;
  std::string secret_path_;
  std::vector<std::string> overrides_;
  std::vector<std::string> assumed_;
};

}  // namespace gateway::commands
