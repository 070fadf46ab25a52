#pragma once
#include <span>
#include <string>
#include <string_view>

#include "load/result.hpp"

namespace gateway::load {

// The middle of some values; of an even number the mean of the two in the middle. 0 of none.
[[nodiscard]] double median(std::span<const double> values);

// The lines above the rows.
[[nodiscard]] std::string table_head();
// One line for the repetitions of one scenario against one gateway, of which there is at least one:
// medians, and of the CPU time per record the least as well.
[[nodiscard]] std::string table_row(std::span<const RunResult> repetitions);

// A line that says by how much latencies are above those of `base`, repetition by repetition; empty
// unless `base` had no gateway and these had one.
[[nodiscard]] std::string added_latency(std::span<const RunResult> repetitions,
                                        std::span<const RunResult> base);

}  // namespace gateway::load
