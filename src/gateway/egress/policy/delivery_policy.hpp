#pragma once
#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <random>

#include "gateway/config/settings.hpp"
#include "gateway/domain/reasons.hpp"

namespace gateway::egress {

enum class Verdict : std::uint8_t { delivered, retry, refused };

// What an answer means, by its status: a table made of the destination's profile and of what
// `delivery.status` says against it. Any 2xx is an acknowledgement in all of them. Everything else
// in the profile
//
//   generic  may pass when it is 408, 425, 429 or a 5xx but 501; every other answer is final
//   vanus    the same
//   knative  may pass when it is 404, 408, 409, 429, a 5xx or of no known class; every other answer
//            is final
//
// docs/destinations.md gives the reasons.
class DeliveryPolicy {
 public:
  // `by_proxy`: a 407 speaks of the way to the eventbus, not of the event (RFC 9110 section
  // 15.5.8), and may pass.
  explicit DeliveryPolicy(const config::Delivery& delivery, bool by_proxy = false);

  [[nodiscard]] Verdict judge(unsigned status) const noexcept {
    return status < verdicts_.size() ? verdicts_[status] : Verdict::refused;
  }

 private:
  std::array<Verdict, 1000> verdicts_;  // a status has three digits
};

[[nodiscard]] RetryReason retry_reason(unsigned status) noexcept;

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
