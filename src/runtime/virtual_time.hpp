#pragma once
#include "runtime/clock.hpp"

namespace gateway {

// For simulations: while this lives, every clock and timer of the process takes its time from
// `now`, and wall time is as far from it as at the beginning. Loops then have to be polled, as
// nothing waits in real time.
class VirtualTime {
 public:
  explicit VirtualTime(const Instant& now) noexcept { SteadyClock::source_ = &now; }
  ~VirtualTime() { SteadyClock::source_ = nullptr; }
  VirtualTime(const VirtualTime&) = delete;
  VirtualTime& operator=(const VirtualTime&) = delete;
};

}  // namespace gateway
