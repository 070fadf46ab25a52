#pragma once
#include <chrono>

namespace gateway {

using Instant = std::chrono::steady_clock::time_point;
using WallInstant = std::chrono::sys_time<std::chrono::milliseconds>;

// The clock of waits and durations: the system's steady clock or, in a simulation, a virtual one
// (runtime/virtual_time.hpp).
class SteadyClock {
 public:
  using duration = Instant::duration;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = Instant;
  static constexpr bool is_steady = true;

  [[nodiscard]] static Instant now() noexcept {
    return source_ == nullptr ? std::chrono::steady_clock::now() : *source_;
  }
  [[nodiscard]] static bool is_virtual() noexcept { return source_ != nullptr; }

 private:
  friend class VirtualTime;
  static inline constinit const Instant* source_ = nullptr;
};

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
    if (SteadyClock::is_virtual()) return;  // whose wall time is the same
    offset_ = std::chrono::system_clock::now().time_since_epoch() - now_.time_since_epoch();
  }

 private:
  Instant now_;
  std::chrono::nanoseconds offset_{0};
};

}  // namespace gateway
