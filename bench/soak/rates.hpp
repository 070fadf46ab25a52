#pragma once
#include "soak/outcome.hpp"

// Measure how fast the spool takes events and gives them back. They count events without following
// them; the other scenarios test that nothing is lost.
namespace gateway::soak {

// Measures without an eventbus: records acknowledged per second in posts of 1, 10 and 100 records
// over different numbers of connections, the CPU time of each thread, and the rate of the device
// alone with the same bytes in pieces of the size of a commit.
[[nodiscard]] Outcome spool_rate(const Options& options);
// Measures how fast a backlog is delivered, compared with direct delivery of the same events.
[[nodiscard]] Outcome replay_rate(const Options& options);

}  // namespace gateway::soak
