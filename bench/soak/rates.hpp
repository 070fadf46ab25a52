#pragma once
#include "soak/scene.hpp"

// Measurements of how fast the spool takes events and gives them back. They count events and do not
// follow them: that nothing is lost is tested by the other scenarios.
namespace gateway::soak {

// Measures without an eventbus: records acknowledged a second in posts of 1, 10 and 100 and over
// more or fewer connections, the CPU time of each thread, and what the device alone does with the
// same bytes in pieces of a commit's size.
[[nodiscard]] Outcome spool_rate(const Options& options);
// Measures how fast a backlog is delivered, beside how fast the same events are delivered directly.
[[nodiscard]] Outcome replay_rate(const Options& options);

}  // namespace gateway::soak
