#pragma once
#include "load/campaign.hpp"

namespace gateway::load {

// Returns posts for a gateway with two targets, each with a bucket of its own. The warm-up lasts
// until the queue of a target in trouble is full.
[[nodiscard]] Scenario two_targets();

// Measures such a scenario with each trouble of the other target in turn, and prints what posts for
// the healthy target saw. Returns whether the median of their p99 is at most 1.2 times that without
// trouble, in turns of the same minute, and each of them was answered 2xx. Throws as measure()
// does.
[[nodiscard]] bool compare_troubles(Campaign& campaign, const Scenario& scenario,
                                    const GatewaySpec& gateway);

}  // namespace gateway::load
