#pragma once
#include <string>

#include "gateway/observe/process_state.hpp"
#include "gateway/observe/snapshot.hpp"

namespace gateway::observe {

// Returns the metrics in the Prometheus text format 0.0.4. Every series exists from the start with
// the value 0, so that rates and alerts work on the first occurrence.
[[nodiscard]] std::string prometheus_text(const ProcessState& state, const Snapshot& snapshot);

}  // namespace gateway::observe
