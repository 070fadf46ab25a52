#pragma once
#include <algorithm>
#include <chrono>

#include "runtime/clock.hpp"

namespace gateway::egress {

// How many requests a connection may have in flight (`delivery.pipeline`).
//
// A fixed number stays. `auto` starts at 1, doubles with every full pipe of answers up to kMost,
// and falls back to 1 on any oddity: a connection that ended with answers outstanding, an answer
// that was no HTTP, one too many. RFC 9112 section 9.3.2 asks for as much after a failed
// connection. After an oddity it does not grow for a while, and longer each time, so that an
// eventbus that does not take pipelining is soon left in peace. Pure.
class PipelineDepth {
 public:
  static constexpr unsigned kMost = 256;

  // 0: auto.
  explicit PipelineDepth(unsigned fixed) noexcept : fixed_(fixed), depth_(fixed == 0 ? 1 : fixed) {}

  [[nodiscard]] unsigned value() const noexcept { return depth_; }

  // A new connection, whose other end may be another host.
  void begin() noexcept {
    if (fixed_ != 0) return;
    depth_ = 1;
    answers_ = 0;
  }
  // One request was answered in order.
  void answered(Instant now) noexcept {
    if (fixed_ != 0 || depth_ == kMost || now < hold_until_) return;
    if (++answers_ < depth_) return;
    answers_ = 0;
    depth_ = std::min(depth_ * 2, kMost);
  }
  void oddity(Instant now) noexcept {
    if (fixed_ != 0) return;
    // Long at peace since the last one: it does not count any more.
    if (now > hold_until_ + kForget) hold_ = kFirstHold;
    hold_until_ = now + hold_;
    hold_ = std::min(hold_ * 2, kLongestHold);
    depth_ = 1;
    answers_ = 0;
  }

 private:
  static constexpr std::chrono::seconds kFirstHold{1};
  static constexpr std::chrono::seconds kLongestHold{300};
  static constexpr std::chrono::seconds kForget{600};

  unsigned fixed_;
  unsigned depth_;
  unsigned answers_ = 0;
  std::chrono::seconds hold_ = kFirstHold;
  Instant hold_until_{};
};

}  // namespace gateway::egress
