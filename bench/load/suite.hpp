#pragma once
#include <string>
#include <vector>

#include "load/campaign.hpp"

namespace gateway::load {

struct SuiteSettings {
  bool quick = false;  // a second each, and without the largest
  bool pin = true;
  std::uint64_t seed = 1;
  std::vector<std::string> only;  // names that begin so; empty: all
};

// Plays the standard runs, by which versions and gateways are compared. Runs about settings of
// cos-gateway are played against gateways given as a program only.
void run_suite(Campaign& campaign, const SuiteSettings& settings);
// Returns the list of runs, for --help.
[[nodiscard]] std::string suite_help();

}  // namespace gateway::load
