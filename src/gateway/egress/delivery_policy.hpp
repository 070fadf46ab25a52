#pragma once
#include <chrono>
#include <cstdint>
#include <optional>
#include <random>

#include "gateway/config/settings.hpp"
#include "gateway/observe/metrics.hpp"

namespace gateway::egress {

enum class Verdict : std::uint8_t { delivered, retry, refused };

// What an answer means: any 2xx is an acknowledgement; 408, 425, 429 and 5xx but 501 may pass;
// every other answer is final.
[[nodiscard]] Verdict judge(unsigned status) noexcept;

[[nodiscard]] observe::RetryReason retry_reason(unsigned status) noexcept;

// How long to wait before an attempt: exponential with full jitter, so that events that failed
// together do not come back together. Pure but for its random numbers.
class Backoff {
 public:
  Backoff(const config::Retry& retry, std::uint64_t seed) : retry_(retry), random_(seed) {}

  // `attempts` already made, at least 1. A wait the eventbus asked for is kept to, but never
  // longer than retry.max.
  [[nodiscard]] std::chrono::milliseconds next(unsigned attempts,
                                               std::optional<std::chrono::seconds> asked);

 private:
  config::Retry retry_;
  std::mt19937_64 random_;
};

}  // namespace gateway::egress
