#pragma once
#include <algorithm>
#include <chrono>
#include <cstdint>

#include "runtime/clock.hpp"

namespace gateway::egress {

// How many requests a connection may have in flight (`delivery.pipeline`).
//
// A fixed number stays. `auto` starts at 1 and doubles with every full pipe of answers, as long as
// that makes answers come faster: the depth is bounded by twice what the connection answers in the
// time one request takes alone. A server that is far away answers all of them in that time; one
// that works through them one by one answers a single one, and events are better off on other
// connections.
//
// It falls back to 1 on any oddity: a connection that ended without warning with answers
// outstanding, an answer that was no HTTP, one too many. RFC 9112 section 9.3.2 asks for as much
// after a failed connection. After an oddity it does not grow for a while, and longer each time, so
// that an eventbus that does not take pipelining is soon left in peace. Pure.
class PipelineDepth {
 public:
  static constexpr unsigned kMost = 256;

  // 0: auto.
  explicit PipelineDepth(unsigned fixed) noexcept : fixed_(fixed), depth_(fixed == 0 ? 1 : fixed) {}

  [[nodiscard]] unsigned value() const noexcept { return depth_; }

  // More full pipes of answers make it deeper.
  [[nodiscard]] bool grows(Instant now) const noexcept {
    return fixed_ == 0 && depth_ < bound_ && now >= hold_until_;
  }

  // A new connection. `expected`: the last one ended as it may, so that what is known holds on.
  void begin(bool expected) noexcept {
    answers_ = 0;
    time_ = {};
    if (fixed_ == 0 && !expected) depth_ = 1;
  }
  // A request that had the connection for itself was answered after `time`.
  void answered_alone(Instant::duration time) noexcept {
    // The least, which a single slow answer does not change, nor a server that has become slower
    // for long.
    alone_ = time < alone_ || alone_ == Instant::duration{} ? time : alone_ + (time - alone_) / 32;
  }
  // So many answers came, in order, in `time`, in which the pipe was full.
  void answered_full(unsigned answers, Instant::duration time, Instant now) noexcept {
    answers_ += answers;
    time_ += time;
    // A far server answers a full pipe in one burst after a long silence: not to be cut in two.
    if (fixed_ != 0 || answers_ < depth_) return;
    const auto of_one = std::max<Instant::duration>(time_ / answers_, kLeast);
    const auto queued = std::max(2 * alone_, Instant::duration(kAlwaysQueued));
    bound_ = static_cast<unsigned>(std::clamp<std::int64_t>(queued / of_one, 2, kMost));
    answers_ = 0;
    time_ = {};
    if (now < hold_until_) return;
    // A pause halves it at most.
    depth_ = std::min(depth_ * 2, std::max(bound_, depth_ / 2));
  }
  void oddity(Instant now) noexcept {
    if (fixed_ != 0) return;
    // Long at peace since the last one: it does not count any more.
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
  // What a server works off in so little time may always lie on a connection: less would cost more
  // system calls than it saves time.
  static constexpr std::chrono::milliseconds kAlwaysQueued{5};
  static constexpr std::chrono::microseconds kLeast{1};

  unsigned fixed_;
  unsigned depth_;
  unsigned answers_ = 0;  // of the full pipe that is being answered
  unsigned bound_ = kMost;
  Instant::duration time_{};  // of answers_
  Instant::duration alone_{};
  std::chrono::seconds hold_ = kFirstHold;
  Instant hold_until_{};
};

}  // namespace gateway::egress
