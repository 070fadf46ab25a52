#pragma once
#include <string>

#include "soak/outcome.hpp"

namespace gateway::soak {

// Returns the path of HAProxy; empty if it is not installed.
[[nodiscard]] std::string find_haproxy();

// Runs three gateways behind HAProxy as configured in deploy/haproxy/haproxy.cfg, with a post every
// 10 ms, and restarts each gateway in turn. No post may fail, and no event may be missing.
[[nodiscard]] Outcome rolling_restart(const Options& options);

}  // namespace gateway::soak
