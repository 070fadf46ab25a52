#include "gateway/egress/pace.hpp"

#include <algorithm>
#include <cmath>

namespace gateway::egress {
namespace {

using Seconds = std::chrono::duration<double>;

constexpr double kBelow = 0.95;  // of what was taken
constexpr double kLeast = 1;
constexpr double kFirst = 20;  // where nothing is known
// What may leave at once: so little that it is no burst, so much that a timer is not run for each.
constexpr double kBurstSeconds = 0.01;
constexpr std::chrono::milliseconds kSampled{50};
// The time over which the eventbus may count.
constexpr std::chrono::milliseconds kCounted{1000};
constexpr std::chrono::minutes kForget{10};
// How fast the best second is forgotten, a sample: by half in 70 s. And of it, what an eventbus
// that takes as much as ever takes at least.
constexpr double kBestFades = 0.9995;
constexpr double kAsEver = 0.75;

// How much the pace grows in a second: without a ceiling, far from it, and on the way to it.
constexpr double kUnknownGrowth = 1;
constexpr double kFarGrowth = 0.3;
constexpr double kApproach = 0.03;
constexpr double kFar = 0.8;
constexpr double kNear = 0.95;
// Near the ceiling it stays for so long; then it grows by a two-hundredth, and twice as fast after
// every such time.
constexpr double kSteadySeconds = 20;
constexpr double kNearGrowth = 0.005;

}  // namespace

void Pace::observe(std::uint64_t taken, Instant now) noexcept {
  if (now - samples_[newest_].at < kSampled) return;
  newest_ = (newest_ + 1) % kSamples;
  samples_[newest_] = {now, taken};
  best_ = std::max(best_ * kBestFades, taken_lately(taken, now).requests);
  if (active()) grow(now);
}

Pace::Taken Pace::taken_lately(std::uint64_t taken, Instant now) const noexcept {
  Sample first = samples_[newest_];
  for (std::size_t i = 0; i < kSamples; ++i) {
    const Sample& sample = samples_[(newest_ + kSamples - i) % kSamples];
    if (sample.at == Instant{} || sample.at < now - kCounted) break;
    // Of a pause, its end.
    if (sample.taken != first.taken) first = sample;
  }
  return {static_cast<double>(taken - first.taken), now - first.at};
}

void Pace::refused(Instant staged, Instant until, std::uint64_t total, Instant now) noexcept {
  // What left before the pace was known says nothing about it, nor what follows a refusal within
  // the time over which the eventbus counts.
  if (!active() || staged > refused_at_ + kCounted) {
    const Taken lately = taken_lately(total, now);
    const double taken = std::max(lately.requests, kLeast);
    if (!active()) {
      rate_ = std::max(kBelow * taken, kFirst);
      // It has given what it gives, unless it has only just begun or took more before.
      if (lately.within >= kCounted / 2 && taken >= kAsEver * best_) ceiling_ = taken;
    } else {
      // Who counts over a second takes so many in one; who gives leave at a rate has taken less, if
      // this second was not used up.
      const bool used_up = now - resumed_at_ >= kCounted / 2;
      const double next = kBelow * (used_up ? taken : std::sqrt(taken * rate_));
      ceiling_ = used_up ? std::min(rate_, taken / kBelow) : rate_;
      rate_ = std::clamp(next, rate_ / 4, rate_ * kBelow);
    }
    rate_ = std::max(rate_, kLeast);
    refused_at_ = now;
    near_since_ = {};
    grown_ = now;
  }
  credit_ = 0;
  resumed_at_ = std::max({resumed_at_, now, until});
  credited_ = resumed_at_;
}

void Pace::grow(Instant now) noexcept {
  const double seconds = Seconds(now - std::max(grown_, resumed_at_)).count();
  grown_ = now;
  if (now - refused_at_ >= kForget) {
    *this = Pace();
    return;
  }
  // Not while it is not used up: nothing is learned then.
  if (seconds <= 0 || credit_ >= 1) return;
  double growth = kUnknownGrowth;
  if (ceiling_ != 0 && rate_ < kFar * ceiling_) {
    growth = kFarGrowth;
  } else if (ceiling_ != 0 && rate_ < kNear * ceiling_) {
    growth = kApproach;
  } else if (ceiling_ != 0) {
    if (near_since_ == Instant{}) near_since_ = now;
    const double steps = std::floor(Seconds(now - near_since_).count() / kSteadySeconds);
    growth = steps < 1 ? 0 : std::min(kNearGrowth * std::exp2(steps - 1), kFarGrowth);
  }
  rate_ += rate_ * growth * seconds;
}

std::size_t Pace::allowance(Instant now) noexcept {
  if (now > credited_) {
    credit_ += rate_ * Seconds(now - credited_).count();
    credit_ = std::min(credit_, std::max(1.0, rate_ * kBurstSeconds));
    credited_ = now;
  }
  return static_cast<std::size_t>(credit_);
}

void Pace::sent(std::size_t requests) noexcept {
  credit_ = std::max(0.0, credit_ - static_cast<double>(requests));
}

std::optional<Instant> Pace::sends_at(Instant now) const noexcept {
  if (!active()) return std::nullopt;
  const double missing = std::max(1.0, rate_ * kBurstSeconds / 2) - credit_;
  const auto wait = Seconds(std::max(0.0, missing) / rate_);
  // Never too early by what the conversion cuts off.
  const Instant at = credited_ + std::chrono::ceil<std::chrono::microseconds>(wait);
  if (at <= now) return std::nullopt;
  return at;
}

}  // namespace gateway::egress
