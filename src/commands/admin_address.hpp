#pragma once
#include <optional>
#include <string>

#include "commands/configuration.hpp"
#include "gateway/config/settings.hpp"
#include "gateway/observe/admin_client.hpp"

namespace gateway::commands {

// The address of the gateway that a command speaks to: --admin HOST:PORT, or else gateway.admin of
// the configuration as this host reaches it.
class AdminAddress {
 public:
  // Adds the options to `command`. They refer to this object, which must live as long.
  void add_to(Command& command);
  // Adds --admin alone, for a command that reads the configuration itself.
  void add_address_to(Command& command);
  // Returns the address. If there is none it prints why on standard error and sets `exit_code`.
  [[nodiscard]] std::optional<config::HostPort> find(int& exit_code) const;
  [[nodiscard]] std::optional<config::HostPort> find(const config::Settings& settings,
                                                     int& exit_code) const;
  // Returns what the configuration says of who may ask.
  [[nodiscard]] observe::AdminKeys keys() const;

 private:
  // Reads the configuration once, so that its warnings come once.
  [[nodiscard]] const config::Settings* settings() const;

  ConfigurationOptions configuration_;
  std::string given_;
  mutable std::optional<std::optional<config::Settings>> settings_;
};

}  // namespace gateway::commands
