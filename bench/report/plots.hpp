#pragma once
#include <vector>

#include "report/plot.hpp"
#include "report/results.hpp"

// Results as plots. Each gives one plot for every set of loads that differ in nothing but what the
// plot runs over; a set of one load gives none.
namespace gateway::report {

[[nodiscard]] std::vector<Plot> cpu_by_batch(const Results& results);
[[nodiscard]] std::vector<Plot> cpu_by_connections(const Results& results);
[[nodiscard]] std::vector<Plot> memory_by_connections(const Results& results);
// Of open loops over their rates, and of closed ones over their connections.
[[nodiscard]] std::vector<Plot> latency_by_throughput(const Results& results);
// One for every scenario and load.
[[nodiscard]] std::vector<Plot> latency_histograms(const Results& results);

}  // namespace gateway::report
