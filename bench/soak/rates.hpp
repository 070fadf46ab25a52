#pragma once
#include "soak/scene.hpp"

// Measurements rather than trials: how fast the spool takes events and gives them back. Nothing is
// remembered of what was sent but numbers; that nothing is lost is for the scenarios.
namespace gateway::soak {

// With no eventbus: records acknowledged a second in posts of 1, 10 and 100 and over more or fewer
// connections, the CPU time of each thread, and what the device alone does with the same bytes in
// pieces of a commit's size.
[[nodiscard]] Outcome spool_rate(const Options& options);
// How fast a backlog is delivered next to how fast the same events are when the eventbus is up.
[[nodiscard]] Outcome replay_rate(const Options& options);

}  // namespace gateway::soak
