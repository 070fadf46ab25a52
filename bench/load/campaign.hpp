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

// One of those that are compared.
struct Contestant {
  Scenario scenario;
  GatewaySpec gateway;
};

// Compares gateways. Problem: the speed of a machine drifts, which would favour the gateway that
// runs in a good minute. Solution: a campaign runs each repetition of a scenario against each
// gateway in turn, so that the drift affects all of them.
class Campaign {
 public:
  explicit Campaign(CampaignSettings settings) : settings_(std::move(settings)) {}

  // Sets the number of calls that follow of run() and take_turns(), for the progress bar.
  void expect(std::size_t calls) { expected_ = calls; }
  // Measures all of them in turn, again and again. Returns the repetitions of each. Throws as
  // measure() does.
  std::vector<std::vector<RunResult>> take_turns(const std::vector<Contestant>& contestants);
  // Runs the scenario against all gateways, or these, and prints a row for each. Throws as
  // measure() does.
  void run(const Scenario& scenario) { run(scenario, settings_.gateways); }
  void run(const Scenario& scenario, const std::vector<GatewaySpec>& gateways);

  [[nodiscard]] const CampaignSettings& settings() const noexcept { return settings_; }
  [[nodiscard]] const std::vector<RunResult>& results() const noexcept { return results_; }
  // Returns the median posts per second of a scenario; 0 if it was not run.
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
