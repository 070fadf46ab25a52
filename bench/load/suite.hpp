#pragma once
#include <string>
#include <vector>

#include "load/campaign.hpp"

namespace gateway::load {

struct SuiteSettings {
  bool quick = false;  // a second each, and without the largest
  bool pin = true;
  std::uint64_t seed = 1;
  std::vector<std::string> only;         // names that begin so; empty: all
  std::vector<GatewaySpec> tls_servers;  // whose handshakes are compared with the gateway's
};

// Runs the standard scenarios, with which versions and gateways are compared. Scenarios about
// settings of cos-gateway are run only against gateways that are given as a program.
void run_suite(Campaign& campaign, const SuiteSettings& settings);
// Returns the list of scenarios, for --help.
[[nodiscard]] std::string suite_help();

}  // namespace gateway::load
