#pragma once
#include <cstdint>

namespace gateway::simulation {

// The chance of one world: the same seed always gives the same numbers, on every machine
// (SplitMix64). Not thread-safe.
class Random {
 public:
  explicit Random(std::uint64_t seed) noexcept : state_(seed) {}

  std::uint64_t next() noexcept {
    std::uint64_t z = (state_ += 0x9E3779B97F4A7C15);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
    return z ^ (z >> 31);
  }
  // Returns a number from `least` to `most`, both included.
  std::uint64_t between(std::uint64_t least, std::uint64_t most) noexcept {
    return least + next() % (most - least + 1);
  }
  // Returns true so many times in a thousand.
  bool in_thousand(unsigned times) noexcept { return next() % 1000 < times; }
  template <class T, std::size_t N>
  const T& of(const T (&choices)[N]) noexcept {
    return choices[next() % N];
  }

 private:
  std::uint64_t state_;
};

}  // namespace gateway::simulation
