#include "load/campaign.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <span>

#include "load/results_table.hpp"

namespace gateway::load {

void Campaign::run(const Scenario& scenario, const std::vector<GatewaySpec>& gateways) {
  std::vector<std::vector<RunResult>> rows(gateways.size());
  const auto count = static_cast<double>(settings_.repetitions * gateways.size());
  double part = 0;
  for (unsigned repetition = 1; repetition <= settings_.repetitions; ++repetition) {
    for (std::size_t i = 0; i < gateways.size(); ++i) {
      const std::string label = fmt::format("{} {}", scenario.name, gateways[i].name);
      rows[i].push_back(measure(scenario, gateways[i], [&](double share) {
        progress_.show(
            (static_cast<double>(done_) + (part + share) / count) / static_cast<double>(expected_),
            label);
      }));
      auto& run = rows[i].back().as_object();
      run["repetition"] = repetition;
      if (!settings_.command.empty()) run["command"] = settings_.command;
      ++part;
    }
  }
  ++done_;
  progress_.clear();
  if (!head_shown_) fmt::print("{}", table_head());
  head_shown_ = true;
  for (auto& row : rows) {
    fmt::print("{}", table_row(row));
  }
  for (const auto& row : rows) fmt::print("{}", added_latency(row, rows.front()));
  for (auto& row : rows) {
    std::move(row.begin(), row.end(), std::back_inserter(results_));
  }
  std::fflush(stdout);
}

double Campaign::posts_per_s(const std::string& scenario, const std::string& gateway) const {
  std::vector<double> values;
  for (const RunResult& result : results_) {
    if (name_of(result) == scenario && gateway_of(result) == gateway) {
      values.push_back(figure(result, "/posts_per_s"));
    }
  }
  return median(values);
}

}  // namespace gateway::load
