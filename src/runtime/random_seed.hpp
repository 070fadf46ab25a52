#pragma once
#include <cstdint>

namespace gateway {

// Returns a seed for what is to be spread by chance (backoff, the order of addresses, event ids):
// of the system or, in a simulation, the next one of its own.
[[nodiscard]] std::uint64_t random_seed();

// For simulations: while this lives, random_seed() gives the same numbers for the same `seed`. Not
// thread-safe.
class SeededRandom {
 public:
  explicit SeededRandom(std::uint64_t seed) noexcept;
  ~SeededRandom();
  SeededRandom(const SeededRandom&) = delete;
  SeededRandom& operator=(const SeededRandom&) = delete;
};

}  // namespace gateway
