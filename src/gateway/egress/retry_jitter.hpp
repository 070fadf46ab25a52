#pragma once
#include <chrono>
#include <cstdint>
#include <random>

namespace gateway::egress {

// Varies the Retry-After that clients are told, so that clients refused together do not come back
// together. Pure except for its random numbers.
class RetryJitter {
 public:
  explicit RetryJitter(std::uint32_t seed) : random_(seed) {}

  // Returns `wait` plus a random number of whole seconds, up to half of it and at least up to one.
  [[nodiscard]] std::chrono::seconds spread(std::chrono::seconds wait) {
    return wait + std::chrono::seconds(std::uniform_int_distribution<std::int64_t>(
                      0, (wait.count() + 1) / 2)(random_));
  }

 private:
  std::minstd_rand random_;
};

}  // namespace gateway::egress
