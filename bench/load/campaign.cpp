#include "load/campaign.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <iterator>
#include <utility>

namespace gateway::load {

std::vector<std::vector<RunResult>> Campaign::take_turns(
    const std::vector<Contestant>& contestants) {
  std::vector<std::vector<RunResult>> results(contestants.size());
  const auto count = static_cast<double>(settings_.repetitions * contestants.size());
  double part = 0;
  for (unsigned repetition = 1; repetition <= settings_.repetitions; ++repetition) {
    for (std::size_t i = 0; i < contestants.size(); ++i) {
      const auto& [scenario, gateway] = contestants[i];
      const std::string label = fmt::format("{} {}", scenario.name, gateway.name);
      results[i].push_back(measure(scenario, gateway, [&](double share) {
        progress_.show(
            (static_cast<double>(done_) + (part + share) / count) / static_cast<double>(expected_),
            label);
      }));
      auto& run = results[i].back().as_object();
      run["repetition"] = repetition;
      if (!settings_.command.empty()) run["command"] = settings_.command;
      ++part;
    }
  }
  ++done_;
  progress_.clear();
  for (const auto& each : results) std::ranges::copy(each, std::back_inserter(results_));
  return results;
}

void Campaign::run(const Scenario& scenario, const std::vector<GatewaySpec>& gateways) {
  std::vector<Contestant> contestants;
  for (const GatewaySpec& gateway : gateways) contestants.emplace_back(scenario, gateway);
  const auto rows = take_turns(contestants);
  if (!head_shown_) fmt::print("{}", table_head());
  head_shown_ = true;
  for (const auto& row : rows) fmt::print("{}", table_row(row));
  for (const auto& row : rows) fmt::print("{}", added_latency(row, rows.front()));
  std::fflush(stdout);
}

double Campaign::posts_per_s(const std::string& scenario, const std::string& gateway) const {
  std::vector<double> values;
  for (const RunResult& result : results_) {
    if (name_of(result) == scenario && gateway_of(result) == gateway) {
      values.push_back(figure(result, "/posts_per_s"));
    }
  }
  return median(std::move(values));
}

}  // namespace gateway::load
