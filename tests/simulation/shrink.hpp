#pragma once
#include <cstdint>
#include <set>

namespace gateway::simulation {

// Returns the things that may be left out of the world of `seed` with the finding still there, of
// `planned` in all: as many as can be found by leaving out ever smaller parts (delta debugging).
[[nodiscard]] std::set<std::uint32_t> shrink(std::uint64_t seed, std::uint32_t planned);

}  // namespace gateway::simulation
