#pragma once
#include <string>

#include "gateway/observe/snapshot.hpp"

namespace gateway::observe {

// The metrics as Prometheus text format 0.0.4. Every series is there from the start, with 0, so
// that rates and alerts work on the first occurrence.
[[nodiscard]] std::string prometheus_text(const Snapshot& snapshot,
                                          const std::string& provisioning);

}  // namespace gateway::observe
