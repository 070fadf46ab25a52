#include "runtime/random_seed.hpp"

#include <optional>
#include <random>

namespace gateway {
namespace {

std::optional<std::mt19937_64> simulated;

}  // namespace

std::uint64_t random_seed() {
  if (simulated) return (*simulated)();
  std::random_device device;
  return (std::uint64_t{device()} << 32) | device();
}

SeededRandom::SeededRandom(std::uint64_t seed) noexcept {
  simulated.emplace(seed);
}
SeededRandom::~SeededRandom() {
  simulated.reset();
}

}  // namespace gateway
