#pragma once
#include <optional>
#include <string>
#include <vector>

#include "load/measurement.hpp"
#include "load/suite.hpp"
#include "load/target_troubles.hpp"

namespace gateway::load {

struct Options {
  bool suite = false;
  bool targets = false;
  std::vector<GatewaySpec> gateways;
  unsigned repetitions = 1;
  std::string json;      // file; empty: none
  std::string revision;  // of the sources, for the results
  bool allow_missing = false;
  Scenario scenario;  // of `run`
  SuiteSettings suite_settings;
  Scenario targets_scenario = two_targets();  // of `targets`
  std::string command;                        // this program's, as it was called
};

// Parses the command line. `beside` is the folder of this program, where its gateway is. Returns
// the exit code if there is nothing to be done: help was asked for and given, or what is wrong has
// been said.
[[nodiscard]] std::optional<int> parse_options(int argc, const char* const* argv,
                                               const std::string& beside, Options& options);

}  // namespace gateway::load
