#include "simulation/shrink.hpp"

#include <algorithm>

#include "simulation/trial.hpp"

namespace gateway::simulation {

std::set<std::uint32_t> shrink(std::uint64_t seed, std::uint32_t planned) {
  std::set<std::uint32_t> without;
  for (std::uint32_t part = std::max(planned / 2, 1U);; part /= 2) {
    for (std::uint32_t first = 0; first < planned; first += part) {
      std::set<std::uint32_t> tried = without;
      for (std::uint32_t i = first; i < std::min(first + part, planned); ++i) tried.insert(i);
      if (tried == without) continue;
      if (!Trial(seed, tried).result().finding.empty()) without = std::move(tried);
    }
    if (part <= 1) return without;
  }
}

}  // namespace gateway::simulation
