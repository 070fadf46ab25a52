#pragma once
#include <algorithm>
#include <chrono>
#include <functional>
#include <map>
#include <utility>

#include "runtime/clock.hpp"

namespace gateway::simulation {

// What happens in a world at which virtual time. Things of one time happen in the order in which
// they were planned.
class Schedule {
 public:
  explicit Schedule(Instant start) noexcept : now_(start) {}

  [[nodiscard]] Instant now() const noexcept { return now_; }
  void at(Instant when, std::function<void()> happens) {
    planned_.emplace(when, std::move(happens));
  }
  void after(std::chrono::milliseconds delay, std::function<void()> happens) {
    at(now_ + delay, std::move(happens));
  }
  // Lets happen what is due. Returns whether anything was.
  bool run_due() {
    bool any = false;
    while (!planned_.empty() && planned_.begin()->first <= now_) {
      const auto happens = std::move(planned_.extract(planned_.begin()).mapped());
      happens();
      any = true;
    }
    return any;
  }
  // Returns when the next thing is planned, or the end of time.
  [[nodiscard]] Instant next() const {
    return planned_.empty() ? Instant::max() : planned_.begin()->first;
  }
  void advance_to(Instant when) { now_ = std::max(now_, when); }
  // How far the wall clock is ahead; it can be set to anything at any time.
  std::chrono::nanoseconds wall_offset{std::chrono::hours(24 * 365 * 50)};
  [[nodiscard]] WallInstant wall() const {
    return std::chrono::time_point_cast<std::chrono::milliseconds>(
        std::chrono::sys_time<std::chrono::nanoseconds>(now_.time_since_epoch() + wall_offset));
  }
  [[nodiscard]] const Instant& time() const noexcept { return now_; }

 private:
  Instant now_;
  std::multimap<Instant, std::function<void()>> planned_;
};

}  // namespace gateway::simulation
