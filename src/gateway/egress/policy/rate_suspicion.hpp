#pragma once
#include <algorithm>
#include <chrono>
#include <cstdint>

#include "runtime/clock.hpp"

namespace gateway::egress {

// Decides whether an eventbus says 503 because of the rate of requests.
//
// Problem: some limiters (nginx, unless told otherwise) refuse with a bare 503, which an eventbus
// that is down or one broken replica of several says as well. Solution: where requests are taken
// and refused side by side for about a second, the rate is suspected. If then a quarter of the rate
// is refused as well, the suspicion is refuted. Pure.
class RateSuspicion {
 public:
  // Record answers to requests that were sent at `rate`; 0: at no particular rate.
  void taken(std::uint64_t requests, double rate, Instant now) noexcept {
    look_at_time(now);
    slot_.taken += requests;
    if (is_low(rate)) low_.taken += requests;
  }
  void refused(double rate, Instant now) noexcept {
    look_at_time(now);
    ++slot_.refused;
    if (is_low(rate)) ++low_.refused;
  }

  [[nodiscard]] bool suspected(Instant now) const noexcept {
    return now >= innocent_until_ && mixed_ >= kMixed;
  }
  // Records the rate that is suspected.
  void begin(double rate) noexcept {
    rate_ = rate;
    low_ = {};
    mixed_ = 0;
  }
  // Returns whether the rate was suspected wrongly. It is not suspected again for a while then.
  [[nodiscard]] bool refuted(Instant now) noexcept {
    if (low_.taken + low_.refused < kEnough) return false;
    rate_ = 0;
    if (low_.share() < kLeastShare) return false;
    innocent_until_ = now + kInnocent;
    return true;
  }
  // The rate is limited beyond doubt.
  void confirm() noexcept { begin(0); }

 private:
  struct Answers {
    std::uint64_t taken = 0;
    std::uint64_t refused = 0;
    [[nodiscard]] double share() const noexcept {
      return static_cast<double>(refused) / static_cast<double>(taken + refused);
    }
  };
  static constexpr std::chrono::milliseconds kSlot{250};
  static constexpr unsigned kMixed = 4;        // slots
  static constexpr double kLeastShare = 0.05;  // of refusals
  static constexpr double kLow = 0.25;         // of the suspected rate
  static constexpr std::uint64_t kEnough = 20;
  static constexpr std::chrono::seconds kInnocent{60};

  [[nodiscard]] bool is_low(double rate) const noexcept {
    return rate_ != 0 && rate <= kLow * rate_;
  }
  void look_at_time(Instant now) noexcept {
    if (now - slot_begin_ < kSlot) return;
    if (slot_.taken + slot_.refused != 0) {
      const bool mixed = slot_.taken != 0 && slot_.share() >= kLeastShare;
      mixed_ = mixed ? std::min(mixed_ + 1, kMixed) : mixed_ - std::min(mixed_, 1U);
    }
    slot_begin_ = now;
    slot_ = {};
  }

  Instant slot_begin_{};
  Answers slot_;
  unsigned mixed_ = 0;  // slots of late with some of both
  double rate_ = 0;     // that is suspected; 0: none is
  Answers low_;         // to requests that were sent far below it
  Instant innocent_until_{};
};

}  // namespace gateway::egress
