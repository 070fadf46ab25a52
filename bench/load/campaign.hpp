#pragma once
#include <string>
#include <vector>

#include "load/measurement.hpp"
#include "load/progress.hpp"

namespace gateway::load {

struct CampaignSettings {
  std::vector<GatewaySpec> gateways;
  unsigned repetitions = 1;
  std::string command;  // of this program, for the results
};

// Runs scenarios, each some times against each gateway, in turn, so that what the machine does
// meanwhile happens to all of them; prints a row for each pair as it is done.
class Campaign {
 public:
  explicit Campaign(CampaignSettings settings) : settings_(std::move(settings)) {}

  // How many calls of run() there will be, for the progress bar.
  void expect(std::size_t scenarios) { expected_ = scenarios; }
  // Throws as measure() does.
  void run(const Scenario& scenario);
  // Against one of the gateways only.
  void run(const Scenario& scenario, const GatewaySpec& gateway);
  // Against these.
  void run(const Scenario& scenario, const std::vector<GatewaySpec>& gateways);

  [[nodiscard]] const CampaignSettings& settings() const noexcept { return settings_; }
  [[nodiscard]] const std::vector<RunResult>& results() const noexcept { return results_; }
  // Median posts per second of a scenario that was run; 0 if it was not.
  [[nodiscard]] double posts_per_s(const std::string& scenario, const std::string& gateway) const;

 private:
  CampaignSettings settings_;
  Progress progress_;
  std::size_t expected_ = 1;
  std::size_t done_ = 0;
  bool head_shown_ = false;
  std::vector<RunResult> results_;
};

}  // namespace gateway::load
