#pragma once
#include <algorithm>
#include <chrono>
#include <cstdint>

#include "runtime/clock.hpp"

namespace gateway::egress {

// Decides how many requests a connection may have in flight (`delivery.pipeline`).
//
// A fixed number stays as it is. `auto` starts at 1 and doubles after every full pipeline of
// answers while answers come faster by it: the depth is at most twice the number of requests that
// the connection answers in the time that one request takes alone. A distant server answers all of
// them in that time. A server that works through them one by one answers a single one, and events
// are better sent on other connections.
//
// The depth falls back to 1 after any irregularity: a connection that ended without warning with
// answers outstanding, an answer that was not HTTP, or a surplus answer. RFC 9112 section 9.3.2
// asks for this after a failed connection. After an irregularity the depth does not grow for a
// while, which becomes longer each time, so that an eventbus that does not support pipelining is
// soon left alone. Pure.
class PipelineDepth {
 public:
  static constexpr unsigned kMost = 256;

  // Takes a fixed depth, or 0 for `auto`.
  explicit PipelineDepth(unsigned fixed) noexcept : fixed_(fixed), depth_(fixed == 0 ? 1 : fixed) {}

  [[nodiscard]] unsigned value() const noexcept { return single_ ? 1 : depth_; }
  [[nodiscard]] bool is_fixed() const noexcept { return fixed_ != 0; }

  // Returns whether further full pipelines of answers would raise the depth.
  [[nodiscard]] bool grows(Instant now) const noexcept {
    return fixed_ == 0 && !single_ && depth_ < bound_ && now >= hold_until_;
  }

  // Lets requests go one at a time, or again as deep as was found. A fixed depth stays.
  void be_single(bool single) noexcept { single_ = single && fixed_ == 0; }
  // Returns how long a request that is alone on the connection takes; 0: none was yet.
  [[nodiscard]] Instant::duration alone() const noexcept { return alone_; }

  // Starts with a new connection. `expected`: the previous connection ended regularly, so that the
  // depth stays valid.
  void begin(bool expected) noexcept {
    answers_ = 0;
    time_ = {};
    if (fixed_ == 0 && !expected) depth_ = 1;
  }
  // Records that a request that was alone on the connection was answered after `time`.
  void answered_alone(Instant::duration time) noexcept {
    // Then it waits for those of many other connections.
    if (single_ && alone_ != Instant::duration{}) return;
    // The minimum, which a single slow answer does not change; it follows slowly a server that has
    // become slower for long.
    alone_ = time < alone_ || alone_ == Instant::duration{} ? time : alone_ + (time - alone_) / 32;
  }
  // Records that `answers` answers came in order within `time`, during which the pipeline was full.
  void answered_full(unsigned answers, Instant::duration time, Instant now) noexcept {
    if (single_) return;
    answers_ += answers;
    time_ += time;
    // A distant server answers a full pipeline in one burst after a long silence. The burst must
    // not be split.
    if (fixed_ != 0 || answers_ < depth_) return;
    const auto of_one = std::max<Instant::duration>(time_ / answers_, kLeast);
    const auto queued = std::max(2 * alone_, Instant::duration(kAlwaysQueued));
    bound_ = static_cast<unsigned>(std::clamp<std::int64_t>(queued / of_one, 2, kMost));
    answers_ = 0;
    time_ = {};
    if (now < hold_until_) return;
    // A pause halves the depth at most.
    depth_ = std::min(depth_ * 2, std::max(bound_, depth_ / 2));
  }
  void oddity(Instant now) noexcept {
    if (fixed_ != 0) return;
    // An irregularity that is long past does not count any longer.
    if (now > hold_until_ + std::min<Instant::duration>(kForgetTimes * hold_, kForget)) {
      hold_ = kFirstHold;
    }
    hold_until_ = now + hold_;
    hold_ = std::min(hold_ * 2, kLongestHold);
    depth_ = 1;
    answers_ = 0;
  }

 private:
  static constexpr std::chrono::seconds kFirstHold{1};
  static constexpr std::chrono::seconds kLongestHold{300};
  static constexpr std::chrono::seconds kForget{600};
  static constexpr int kForgetTimes = 30;
  // Requests that a server answers within this time may always be queued on a connection: fewer
  // would cost more system calls than they save time.
  static constexpr std::chrono::milliseconds kAlwaysQueued{5};
  static constexpr std::chrono::microseconds kLeast{1};

  unsigned fixed_;
  bool single_ = false;
  unsigned depth_;
  unsigned answers_ = 0;  // of the full pipe that is being answered
  unsigned bound_ = kMost;
  Instant::duration time_{};  // of answers_
  Instant::duration alone_{};
  std::chrono::seconds hold_ = kFirstHold;
  Instant hold_until_{};
};

}  // namespace gateway::egress
