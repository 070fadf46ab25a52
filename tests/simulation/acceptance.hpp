#pragma once
#include <string>

#include "simulation/random.hpp"

namespace gateway::simulation {

// Returns an answer that takes an event: mostly a plain one, and in every odd form that servers
// have. A complete head with 2xx is an acknowledgement, whatever else is odd about it.
[[nodiscard]] std::string draw_acceptance(Random& random);

}  // namespace gateway::simulation
