#pragma once
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "gateway/config/report.hpp"
#include "gateway/config/settings.hpp"

namespace gateway::config {

using Environment = std::map<std::string, std::string>;

// The sources of the configuration. Later ones override earlier ones: defaults, configuration file,
// secret file (secrets only), CONNECTOR_TARGET and CONNECTOR_PORT, `overrides`. Finally
// TENCENTCLOUD_SECRET_ID, _SECRET_KEY and _TOKEN fill secrets that are still empty.
struct Sources {
  std::optional<std::string> config_path;  // --config; else CONNECTOR_CONFIG, else the default
  std::optional<std::string> secret_path;  // --secret; else CONNECTOR_SECRET, else the default
  std::vector<std::string> overrides;      // --set: "delivery.pipeline=16"
  Environment environment;
  // The first existing one is read. Images of the original connector since September 2023 have the
  // second.
  std::vector<std::string> default_config_paths{"/vance/config/config.yml",
                                                "/vanus-connect/config/config.yml"};
  std::vector<std::string> default_secret_paths{"/vance/secret/secret.yml",
                                                "/vanus-connect/secret/secret.yml"};
};

struct Loaded {
  Settings settings;              // to be used only if there are no problems
  std::vector<Problem> problems;  // all of them, not the first alone
  std::vector<Problem> warnings;

  [[nodiscard]] bool ok() const noexcept { return problems.empty(); }
};

// Reports what is wrong with the files that the settings name.
using FileCheck = std::function<void(const Settings&, Report&)>;

// Finds, reads and checks the configuration. Calls `check_files` last, if everything else is right.
// Never throws because of the contents of the sources. Blocks on files.
[[nodiscard]] Loaded load(const Sources& sources, const FileCheck& check_files = {});

// Returns when the configuration was made, in time since 1970: of two gateways that deploy the same
// function, or share the events of a bucket, the one with the later configuration wins.
[[nodiscard]] Duration configured_at(const Sources& sources);

struct SourceText {
  std::string name;  // in messages, such as config.yml
  std::string text;
};

// The same as `Sources`, with the files read already.
struct SourceTexts {
  std::optional<SourceText> config;
  std::optional<SourceText> secret;
  std::vector<std::string> overrides;
  Environment environment;
};

// Loads the configuration without touching a file; files that settings name are not looked for
// either.
[[nodiscard]] Loaded load(const SourceTexts& texts);

// Returns the environment of this process. Not to be called while another thread changes it.
[[nodiscard]] Environment process_environment();

}  // namespace gateway::config
