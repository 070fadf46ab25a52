#pragma once
#include "soak/outcome.hpp"

namespace gateway::soak {

// One of four addresses after the other, and several, fall silent and come back.
[[nodiscard]] Outcome addresses(const Options& options);
// The network forgets all connections to the eventbus, again and again.
[[nodiscard]] Outcome forgotten(const Options& options);

}  // namespace gateway::soak
