#pragma once
#include <chrono>

namespace gateway {

// The clock of waits and durations.
using SteadyClock = std::chrono::steady_clock;
using Instant = SteadyClock::time_point;
using WallInstant = std::chrono::sys_time<std::chrono::milliseconds>;

// Gives one shard the time, read once a loop turn. Waits and durations use the steady clock; the
// wall clock is derived from it by an offset that is renewed with every tick. One clock read gives
// both, and a step of the system's time reaches events within a tick and disturbs no deadline.
class Clock {
 public:
  Clock() noexcept { tick(); }

  // Reads the clock. Returns the steady time.
  Instant refresh() noexcept { return now_ = SteadyClock::now(); }
  // Returns the last reading, exact to a loop turn.
  [[nodiscard]] Instant now() const noexcept { return now_; }
  [[nodiscard]] WallInstant wall(Instant at) const noexcept {
    return std::chrono::time_point_cast<std::chrono::milliseconds>(
        std::chrono::sys_time<std::chrono::nanoseconds>(at.time_since_epoch() + offset_));
  }

  void tick() noexcept {
    refresh();
    offset_ = std::chrono::system_clock::now().time_since_epoch() - now_.time_since_epoch();
  }

 private:
  Instant now_;
  std::chrono::nanoseconds offset_{0};
};

}  // namespace gateway
