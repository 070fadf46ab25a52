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

// The standard runs, by which versions and gateways are compared. Those about this gateway's own
// settings run against gateways with a program only.
void run_suite(Campaign& campaign, const SuiteSettings& settings);
// What there is, for --help.
[[nodiscard]] std::string suite_help();

}  // namespace gateway::load
