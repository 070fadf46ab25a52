#pragma once
#include <string>
#include <string_view>

#include "gateway/config/schema.hpp"
#include "gateway/config/settings.hpp"

namespace gateway::config {

// Variables of the environment that set a key; load.cpp reads them.
inline constexpr std::string_view kTargetVariable = "CONNECTOR_TARGET";
inline constexpr std::string_view kPortVariable = "CONNECTOR_PORT";
// The original connector's own: `debug` sets the key `debug`.
inline constexpr std::string_view kLogLevelVariable = "LOG_LEVEL";
// Variables that fill a key if nothing else has set it.
inline constexpr std::string_view kSecretIdVariable = "TENCENTCLOUD_SECRET_ID";
inline constexpr std::string_view kSecretKeyVariable = "TENCENTCLOUD_SECRET_KEY";
inline constexpr std::string_view kTokenVariable = "TENCENTCLOUD_TOKEN";

// The whole configuration as one Section bound to `settings`.
class Keys {
 public:
  // The present values of `settings` are the defaults. `settings` must outlive this.
  explicit Keys(Settings& settings);
  Keys(const Keys&) = delete;
  Keys& operator=(const Keys&) = delete;

  [[nodiscard]] Section& root() noexcept { return root_; }
  [[nodiscard]] const Section& root() const noexcept { return root_; }

  // Completes `settings` after reading. `code_given`: one of the sources has a `function.code`,
  // which may be empty.
  void finish(bool code_given);

 private:
  Settings& settings_;
  FunctionCode code_;  // the optional section needs a place before it is known to be given
  bool code_given_ = false;
  bool single_bucket_ = true;  // there are no `buckets`
  Section root_;
};

// Returns the Markdown of docs/configuration.md that describes every key with type, bounds, default
// and meaning. It is made of the table that reads the configuration, so that the two cannot differ.
[[nodiscard]] std::string reference();

}  // namespace gateway::config
