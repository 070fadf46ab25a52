#include "gateway/egress/connection_pool_size.hpp"

#include <algorithm>
#include <utility>

namespace gateway::egress {
namespace {

// The window of a rate is a few answer times, but not so long that growing takes many seconds.
constexpr std::chrono::milliseconds kLeastWindow{400};
constexpr std::chrono::milliseconds kMostWindow{1000};
constexpr int kAnswerTimes = 4;
// The gain in rate that a doubled number must bring to be kept.
constexpr double kGain = 1.125;
constexpr std::chrono::seconds kFirstHold{5};
constexpr std::chrono::seconds kLongestHold{300};
constexpr std::chrono::seconds kUnused{30};

}  // namespace

unsigned most_connections(const config::Settings& settings, unsigned threads) {
  constexpr unsigned kProcess = 64;
  if (settings.delivery.connections != 0) return settings.delivery.connections;
  return std::max(ConnectionPoolSize::kFirst, kProcess / std::max(threads, 1U));
}

void ConnectionPoolSize::at_least(unsigned connections) noexcept {
  if (fixed_) return;
  least_ = std::clamp(connections, kFirst, most_);
  value_ = std::max(value_, least_);
}

bool ConnectionPoolSize::observe(const Load& load, Instant now) noexcept {
  if (fixed_) return false;
  if (window_begin_ == Instant{}) {
    saturated_at_ = now;
    begin_window(load, now);
    return false;
  }
  ++ticks_;
  if (load.saturated) {
    ++saturated_ticks_;
    saturated_at_ = now;
  }
  if (load.hindered) {
    // A disturbed trial proves nothing.
    if (phase_ != Phase::measuring) value_ = before_;
    const bool changed = phase_ != Phase::measuring;
    phase_ = Phase::measuring;
    begin_window(load, now);
    return changed;
  }
  if (phase_ == Phase::settling) {
    if (now < settled_at_) return false;
    phase_ = Phase::trying;
    begin_window(load, now);
    return false;
  }
  const auto window =
      std::clamp<Instant::duration>(kAnswerTimes * load.answer_time, kLeastWindow, kMostWindow);
  if (now - window_begin_ < window) return false;
  const double seconds = std::chrono::duration<double>(now - window_begin_).count();
  const double rate = static_cast<double>(load.answers - window_answers_) / seconds;
  const bool saturated = saturated_ticks_ * 4 >= ticks_ * 3;
  begin_window(load, now);
  if (phase_ == Phase::trying) {
    // No event waits any longer: the trial has reached its purpose.
    return judge(saturated ? rate : rate_before_ * kGain, now);
  }
  if (!saturated) return shrink_unused(now);
  const double refuted = std::exchange(rate_refuted_, 0);
  // A rate of zero cannot grow by a share of itself.
  if (rate == 0 || value_ >= most_) return false;
  // What was less than before the trial may be more than after it: the machine was busy meanwhile.
  const bool doubtful = refuted >= rate * least_gain(std::min(value_ * 2, most_));
  if (now < next_try_ && !doubtful) return false;
  before_ = value_;
  rate_before_ = rate;
  value_ = std::min(value_ * 2, most_);
  phase_ = Phase::settling;
  // Meanwhile the new connections are established and answer for the first time.
  settled_at_ =
      now + std::clamp<Instant::duration>(2 * load.answer_time, kLeastWindow / 4, kMostWindow);
  return true;
}

void ConnectionPoolSize::begin_window(const Load& load, Instant now) noexcept {
  window_begin_ = now;
  window_answers_ = load.answers;
  ticks_ = 0;
  saturated_ticks_ = 0;
}

bool ConnectionPoolSize::judge(double rate, Instant now) noexcept {
  phase_ = Phase::measuring;
  const unsigned tried = std::exchange(value_, before_);
  if (rate >= rate_before_ * least_gain(tried)) {
    value_ = tried;
    hold_ = std::chrono::seconds(0);
    return false;
  }
  rate_refuted_ = rate;
  hold_ = std::clamp(hold_ * 2, kFirstHold, kLongestHold);
  next_try_ = now + hold_;
  return true;
}

double ConnectionPoolSize::least_gain(unsigned value) const noexcept {
  // The last step before `most` may be less than a doubling.
  const double share = static_cast<double>(value - value_) / static_cast<double>(value_);
  return 1 + (kGain - 1) * share;
}

bool ConnectionPoolSize::shrink_unused(Instant now) noexcept {
  if (value_ <= least_ || now - saturated_at_ < kUnused) return false;
  value_ = std::max(value_ / 2, least_);
  saturated_at_ = now;
  return true;
}

}  // namespace gateway::egress
