#pragma once
#include <string>

#include "soak/scene.hpp"

namespace gateway::soak {

// Returns the path of HAProxy; empty if it is not installed.
[[nodiscard]] std::string find_haproxy();

// Plays three gateways behind HAProxy as deploy/haproxy/haproxy.cfg has it, a post every 10 ms, and
// each gateway stopped and started again in turn: no post may fail, and none may be missing.
[[nodiscard]] Outcome rolling_restart(const Options& options);

}  // namespace gateway::soak
