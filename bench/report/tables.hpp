#pragma once
#include <optional>

#include "report/results.hpp"
#include "report/table.hpp"

// Results as tables. Of repetitions each figure is the median; "x floor" is the median of the
// ratios within the repetitions.
namespace gateway::report {

[[nodiscard]] Table closed_loop_table(const Results& results);
[[nodiscard]] Table open_loop_table(const Results& results);
[[nodiscard]] Table instructions_table(const Results& results);
[[nodiscard]] Table micro_table(const Results& results);

// The whole as Markdown: bench/RESULTS.md, and what a terminal is shown.
[[nodiscard]] std::string to_markdown(const Results& results);

// "cos-gateway 0.1.0 on AMD EPYC, 2 cores, Linux 6.1, 2026-01-02T03:04:05Z"
[[nodiscard]] std::string origin(const Results& results);

}  // namespace gateway::report
