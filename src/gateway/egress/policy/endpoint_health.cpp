#include "gateway/egress/policy/endpoint_health.hpp"

#include <algorithm>
#include <bit>

namespace gateway::egress {
namespace {

// A back-off of nothing would make a probe look like the requests before it.
constexpr std::chrono::milliseconds kShortest{1};

config::Retry no_longer_than(config::Retry retry, std::chrono::milliseconds most) noexcept {
  retry.max = std::min(retry.max, most);
  return retry;
}

}  // namespace

EndpointHealth::EndpointHealth(const config::Retry& retry, std::size_t full,
                               std::uint64_t seed) noexcept
    : backoff_(no_longer_than(retry, kMostWait), seed), most_(retry.max), full_(full) {}

bool EndpointHealth::tick(bool demand, Instant now) noexcept {
  if (state_ == State::slow_start) {
    if (!answered_well_ || !well_since_) well_since_ = now;
    if (now - *well_since_ < kWellFor) return false;
    go_up();
    return true;
  }
  const bool waits_for_an_event =
      (state_ == State::probing && !probe_sent_) || (state_ == State::down && now >= until_);
  if (demand || links_ == 0 || !waits_for_an_event) return false;
  const unsigned downs = downs_;
  go_up();
  // One more failure is enough.
  downs_ = downs;
  link_failures_in_a_row_ = kLinkFailures - 1;
  failing_events_ = kFailingEvents - 1;
  failing_since_ = now - kFailingFor;
  return true;
}

void EndpointHealth::go_up() noexcept {
  state_ = State::up;
  history_ = 0;
  downs_ = 0;
  failing_events_ = 0;
}

std::size_t EndpointHealth::allowance(std::size_t in_flight, Instant now) noexcept {
  if (held_) {
    if (now < held_until_) return 0;
    held_ = false;
  }
  switch (state_) {
    case State::up: return kUnlimited;
    case State::down: return links_ != 0 && now >= until_ ? 1 : 0;
    case State::probing: return links_ != 0 && !probe_sent_ ? 1 : 0;
    case State::slow_start: return limit_ > in_flight ? limit_ - in_flight : 0;
    case State::count_: break;
  }
  return 0;
}

void EndpointHealth::sent(Instant now) noexcept {
  if (state_ != State::down && state_ != State::probing) return;
  state_ = State::probing;
  probe_sent_ = true;
  probe_sent_at_ = now;
}

std::optional<Instant> EndpointHealth::sends_at(Instant now) const noexcept {
  Instant at{};
  if (held_) at = held_until_;
  if (state_ == State::down) at = std::max(at, until_);
  if (at <= now) return std::nullopt;
  return at;
}

bool EndpointHealth::recover(Instant staged) noexcept {
  if (state_ != State::slow_start) {
    // What was on its way before the probe proves nothing about now.
    if (state_ != State::probing || !probe_sent_ || staged < probe_sent_at_) return false;
    state_ = State::slow_start;
    history_ = 0;
    limit_ = 1;
    successes_ = 0;
    well_since_.reset();
  }
  answered_well_ = true;
  if (++successes_ < limit_) return false;
  successes_ = 0;
  if (limit_ >= full_) {
    go_up();
  } else {
    limit_ *= 2;
  }
  return true;
}

void EndpointHealth::failing_answer(bool first_attempt, bool limited, Instant staged, Instant now) {
  switch (state_) {
    case State::up:
      if (!first_attempt) return;
      if (failing_events_++ == 0) failing_since_ = now;
      if (!limited) history_ = (history_ << 1U) | 1U;
      if (std::popcount(history_) >= kFailing ||
          (failing_events_ >= kFailingEvents && now - failing_since_ >= kFailingFor)) {
        go_down(now);
      }
      return;
    case State::slow_start: {
      history_ = (history_ << 1U) | 1U;
      successes_ = 0;
      answered_well_ = false;
      limit_ = std::max<std::size_t>(limit_ / 2, 1);
      constexpr std::uint64_t kAgain = (std::uint64_t{1} << kFailingAgain) - 1;
      if ((history_ & kAgain) == kAgain) go_down(now);
      return;
    }
    case State::probing:
      if (probe_sent_ && staged >= probe_sent_at_) go_down(now);
      return;
    case State::down:
    case State::count_: return;
  }
}

void EndpointHealth::hold(std::chrono::seconds asked, Instant now) noexcept {
  if (asked <= std::chrono::seconds(0)) return;
  held_until_ = std::max(held_until_, now + std::min<std::chrono::milliseconds>(asked, most_));
  held_ = true;
}

bool EndpointHealth::may_connect(Instant now) const noexcept {
  switch (state_) {
    case State::up:
    case State::slow_start: return failed_attempts_ == 0 || (trials_ == 0 && now >= connect_at_);
    case State::down: return links_ == 0 && trials_ == 0 && now >= until_;
    case State::probing: return links_ == 0 && trials_ == 0;
    case State::count_: break;
  }
  return false;
}

Instant EndpointHealth::connects_at() const noexcept {
  switch (state_) {
    case State::up:
    case State::slow_start: return trials_ == 0 ? connect_at_ : Instant::max();
    case State::down: return links_ == 0 && trials_ == 0 ? until_ : Instant::max();
    case State::probing:
    case State::count_: break;
  }
  return Instant::max();
}

void EndpointHealth::connecting() noexcept {
  ++trials_;
  if (state_ != State::down) return;
  state_ = State::probing;
  probe_sent_ = false;
}

void EndpointHealth::connect_failed(bool others_answered, Instant now) {
  --trials_;
  if (others_answered && state_ != State::probing) {
    failed_attempts_ = std::max(failed_attempts_, 1U);
    put_off_connecting(now);
  } else {
    link_failed(std::nullopt, now);
  }
}

void EndpointHealth::link_proven() noexcept {
  --trials_;
  failed_attempts_ = 0;
  connect_at_ = {};
}

void EndpointHealth::link_ended(End end, bool proven, std::optional<EventKey> lost, Instant now) {
  --links_;
  if (!proven) --trials_;
  if (end == End::useless) {
    link_failed(lost, now);
  } else if (state_ == State::probing) {
    // The probe may have gone with it, and then nobody would decide: there is to be another.
    if (end != End::quiet && probe_sent_) {
      go_down(now);
    } else {
      probe_sent_ = false;
      if (links_ == 0) state_ = State::down;
    }
  }
}

void EndpointHealth::link_failed(std::optional<EventKey> lost, Instant now) {
  ++failed_attempts_;
  put_off_connecting(now);
  if (lost && lost_before(*lost)) {
    // It did not work as a probe either; the next one will be another event.
    if (state_ == State::probing) go_down(now);
    return;
  }
  if (lost) {
    lost_events_[next_lost_] = *lost;
    next_lost_ = (next_lost_ + 1) % lost_events_.size();
  }
  ++link_failures_in_a_row_;
  if (state_ == State::probing ||
      (state_ != State::down && link_failures_in_a_row_ >= kLinkFailures)) {
    go_down(now);
  }
}

void EndpointHealth::put_off_connecting(Instant now) {
  connect_at_ = now + std::max(backoff_.next(failed_attempts_, std::nullopt), kShortest);
}

bool EndpointHealth::lost_before(EventKey event) const noexcept {
  return std::ranges::find(lost_events_, event) != lost_events_.end();
}

void EndpointHealth::go_down(Instant now) {
  state_ = State::down;
  probe_sent_ = false;
  history_ = 0;
  failing_events_ = 0;
  downs_ = std::max(downs_ + 1, failed_attempts_);
  until_ = now + std::max(backoff_.next(downs_, std::nullopt), kShortest);
}

}  // namespace gateway::egress
