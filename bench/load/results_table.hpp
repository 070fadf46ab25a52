#pragma once
#include <span>
#include <string>
#include <string_view>

#include "load/result.hpp"

namespace gateway::load {

// Returns the median of the values: for an even number of values the mean of the two in the middle,
// and 0 without values.
[[nodiscard]] double median(std::span<const double> values);

// Returns the lines above the rows.
[[nodiscard]] std::string table_head();
// Returns one line for the repetitions, at least one, of one scenario against one gateway: medians,
// and for the CPU time per record also the minimum.
[[nodiscard]] std::string table_row(std::span<const RunResult> repetitions);

// Returns a line that says by how much latencies exceed those of `base`, compared within each
// repetition; empty unless `base` had no gateway and these had one.
[[nodiscard]] std::string added_latency(std::span<const RunResult> repetitions,
                                        std::span<const RunResult> base);

}  // namespace gateway::load
