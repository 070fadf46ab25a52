#pragma once
#include <string>

#include "gateway/observe/process_state.hpp"
#include "gateway/observe/snapshot.hpp"

namespace gateway::observe {

// Returns what one second sees of the process, for the Monitor.
[[nodiscard]] Observation observation_of(const ProcessState& state, const Snapshot& counters,
                                         Instant now);

// The JSON text of /status. No secret is ever part of it.
[[nodiscard]] std::string status_json(const ProcessState& state, const Snapshot& snapshot);

}  // namespace gateway::observe
