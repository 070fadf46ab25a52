#include "gateway/egress/policy/connection_pool_size.hpp"

#include <algorithm>
#include <limits>
#include <utility>

namespace gateway::egress {
namespace {

// The window of a rate is a few answer times, but not so long that growing takes many seconds,
// unless a single request takes so long that a shorter one says nothing.
constexpr std::chrono::milliseconds kLeastWindow{400};
constexpr std::chrono::milliseconds kMostWindow{1000};
constexpr int kAnswerTimes = 4;
// The gain in rate that a doubled number must bring to be kept.
constexpr double kGain = 1.125;
// That of a leap: a little more than windows of a second differ by chance. What is given up without
// it leaves more than nine tenths of the best.
constexpr double kLeapGain = 1.0625;
constexpr std::chrono::seconds kFirstHold{5};
// A leap may cost a server that gains nothing by it a third of its rate for a second or two.
constexpr std::chrono::seconds kFirstHoldAfterLeap{20};
constexpr std::chrono::seconds kLongestHold{300};
constexpr std::chrono::seconds kUnused{30};
// Where a request takes longer, each step takes many seconds: there are to be few.
constexpr std::chrono::seconds kSlow{1};

// Returns the time of one request where none waits before it.
Instant::duration one_request(const ConnectionPoolSize::Load& load) noexcept {
  return std::min(load.answer_time, load.alone);
}

Instant::duration longest_window(const ConnectionPoolSize::Load& load) noexcept {
  return std::max<Instant::duration>(kMostWindow, 3 * one_request(load));
}

}  // namespace

unsigned most_connections(const config::Settings& settings, unsigned threads) {
  constexpr unsigned kProcess = 64;
  if (settings.delivery.connections != 0) return settings.delivery.connections;
  return std::max(ConnectionPoolSize::kFirst, kProcess / std::max(threads, 1U));
}

void ConnectionPoolSize::at_least(unsigned connections) noexcept {
  if (fixed_) return;
  least_ = std::clamp(connections, kFirst, most_);
  value_.connections = std::max(value_.connections, std::min(least_, served_));
}

void ConnectionPoolSize::unserved(unsigned served, Instant now) noexcept {
  if (fixed_) return;
  // Those of a trial may not have been sent anything yet.
  served_ = std::clamp(served, 1U, (on_trial() ? before_ : value_).connections);
  forgets_served_at_ = now + kLongestHold;
  value_ = before_ = tried_ = {served_};
  phase_ = Phase::measuring;
  rate_tried_.reset();
  leap_is_next_ = false;
  window_begin_ = Instant{};
  // Several may be found in this state one after the other.
  if (now >= next_try_) hold(kFirstHoldAfterLeap, now);
}

bool ConnectionPoolSize::observe(const Load& load, Instant now) noexcept {
  if (fixed_) return false;
  if (window_begin_ == Instant{}) {
    saturated_at_ = now;
    begin_window(load, now);
    return false;
  }
  if (now >= forgets_served_at_) served_ = most_;
  ++ticks_;
  if (load.saturated) {
    ++saturated_ticks_;
    saturated_at_ = now;
  }
  const bool tries = on_trial();
  // A trial of another depth would not end if that counted as a disturbance.
  const bool deepening = load.deepening && (!tries || !changes_depth());
  if (load.hindered || deepening) {
    // A disturbed trial proves nothing.
    if (tries) value_ = before_;
    // But so many connections may be what the eventbus refuses.
    if (tries && changes_depth()) {
      leap_is_next_ = false;
      hold(kLongestHold, now);
    }
    rate_tried_.reset();
    phase_ = Phase::measuring;
    begin_window(load, now);
    return tries;
  }
  if (phase_ == Phase::settling || phase_ == Phase::returning) {
    if (now < settled_at_) return false;
    phase_ = phase_ == Phase::settling ? Phase::trying : Phase::measuring;
    begin_window(load, now);
    return false;
  }
  const Instant::duration longest = longest_window(load);
  auto window =
      std::clamp<Instant::duration>(kAnswerTimes * load.answer_time, kLeastWindow, longest);
  // What changes so much is to be known better.
  if (phase_ == Phase::trying && changes_depth()) window = longest;
  if (now - window_begin_ < window) return false;
  const double seconds = std::chrono::duration<double>(now - window_begin_).count();
  double rate = static_cast<double>(load.answers - window_answers_) / seconds;
  const bool saturated = saturated_ticks_ * 4 >= ticks_ * 3;
  begin_window(load, now);
  if (phase_ == Phase::trying) {
    // No event waits any longer: more connections have reached their purpose. Of another depth that
    // proves nothing.
    if (!saturated) rate = changes_depth() ? 0 : std::numeric_limits<double>::infinity();
    return judge(rate, now);
  }
  const std::optional<double> tried = std::exchange(rate_tried_, std::nullopt);
  if (!saturated) return shrink_unused(now);
  // A rate of zero cannot grow by a share of itself.
  if (rate == 0 && !load.held_up) return false;
  // What was less than before the trial may be more than after it: the machine was busy meanwhile.
  bool better = tried && *tried > 0 && *tried >= rate * least_gain();
  if (tried && tried_.single) {
    // A server that has just started becomes faster by itself, meanwhile as well.
    better = *tried >= (rate_before_ + rate) / 2 * kLeapGain;
    if (better) {
      value_ = tried_;
      without_leap_ = before_;
    }
    hold(kFirstHoldAfterLeap, now);
    return better;
  }
  if (!better) {
    if (now < next_try_) return false;
    const Choice choice = next(load, rate);
    if (choice == value_) {
      leap_is_next_ = false;
      hold(kFirstHold, now);
      return false;
    }
    tried_ = choice;
  }
  before_ = value_;
  rate_before_ = rate;
  value_ = tried_;
  phase_ = Phase::settling;
  // Meanwhile the new connections are established and answer for the first time.
  const auto most = std::max<Instant::duration>(kMostWindow, one_request(load) * 5 / 4);
  settled_at_ = now + std::clamp<Instant::duration>(2 * load.answer_time, kLeastWindow / 4, most);
  return true;
}

void ConnectionPoolSize::begin_window(const Load& load, Instant now) noexcept {
  window_begin_ = now;
  window_answers_ = load.answers;
  ticks_ = 0;
  saturated_ticks_ = 0;
}

ConnectionPoolSize::Choice ConnectionPoolSize::next(const Load& load, double rate) const noexcept {
  if (value_.single) return without_leap_;
  if (value_.connections < most_ && !leap_is_next_) {
    const unsigned times = one_request(load) >= kSlow ? 4 : 2;
    return {std::min(value_.connections * times, most_)};
  }
  if (!leaps_ || served_ < most_ || rate == 0) return value_;
  // As many answers as there can be if every connection is given a request at a time: of a distant
  // server far fewer than of pipelines.
  const double able = most_ / std::chrono::duration<double>(load.alone).count();
  return able < rate * kLeapGain ? value_ : Choice{most_, true};
}

bool ConnectionPoolSize::judge(double rate, Instant now) noexcept {
  phase_ = Phase::measuring;
  value_ = before_;
  const bool better = rate > 0 && rate >= rate_before_ * least_gain();
  leap_is_next_ = !better && !changes_depth();
  if (better && !tried_.single) {
    value_ = tried_;
    served_ = std::max(served_, value_.connections);
    // Where a leap and its opposite both seem better, they do so more rarely each time.
    if (changes_depth()) {
      hold(kFirstHoldAfterLeap, now);
    } else {
      hold_ = std::chrono::seconds(0);
    }
    return false;
  }
  rate_tried_ = rate;
  if (!changes_depth()) return true;
  if (!tried_.single) hold(kFirstHoldAfterLeap, now);
  // Of what is answered now, much was still sent over many connections.
  phase_ = Phase::returning;
  settled_at_ = now + kLeastWindow / 2;
  return true;
}

void ConnectionPoolSize::hold(std::chrono::seconds least, Instant now) noexcept {
  hold_ = std::clamp(hold_ * 2, least, kLongestHold);
  next_try_ = now + hold_;
}

double ConnectionPoolSize::least_gain() const noexcept {
  // The last step before `most` may be less than a doubling.
  const double share =
      static_cast<double>(tried_.connections) / static_cast<double>(before_.connections) - 1;
  return changes_depth() ? kLeapGain : 1 + (kGain - 1) * share;
}

bool ConnectionPoolSize::shrink_unused(Instant now) noexcept {
  if (value_.connections <= least_ || now - saturated_at_ < kUnused) return false;
  value_ = {std::max(value_.connections / 2, least_)};
  saturated_at_ = now;
  return true;
}

}  // namespace gateway::egress
