#pragma once
#include <chrono>
#include <cstdint>
#include <random>

namespace gateway::egress {

// Spreads what clients are told to wait, so that those turned away together do not come back
// together. Pure but for its random numbers.
class RetryJitter {
 public:
  explicit RetryJitter(std::uint32_t seed) : random_(seed) {}

  // `wait` or up to half as much again, in whole seconds, at least one of choice.
  [[nodiscard]] std::chrono::seconds spread(std::chrono::seconds wait) {
    return wait + std::chrono::seconds(std::uniform_int_distribution<std::int64_t>(
                      0, (wait.count() + 1) / 2)(random_));
  }

 private:
  std::minstd_rand random_;
};

}  // namespace gateway::egress
