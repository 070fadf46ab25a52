#pragma once
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>

#include "gateway/egress/policy/pace.hpp"
#include "runtime/clock.hpp"

namespace gateway::egress {

// The pace at which all threads of the process send to one target. A limiter counts what the
// process sends, and threads that kept a pace each would send at the same moments. Any thread;
// while no limit is known it costs a load.
class SharedPace {
 public:
  [[nodiscard]] bool active() const noexcept { return active_.load(std::memory_order_relaxed); }

  // As Pace has them.
  void taken(std::uint64_t requests, Instant now) noexcept {
    const std::scoped_lock lock(mutex_);
    pace_.taken(requests, now);
    publish();
  }
  bool refused(Instant staged, Instant::duration asked, Instant now) noexcept {
    const std::scoped_lock lock(mutex_);
    const bool all_wait = pace_.refused(staged, asked, now);
    publish();
    return all_wait;
  }
  bool perhaps_refused(Instant staged, Instant now) noexcept {
    const std::scoped_lock lock(mutex_);
    const bool for_the_rate = pace_.perhaps_refused(staged, now);
    publish();
    return for_the_rate;
  }
  [[nodiscard]] std::size_t take_leave(std::size_t wanted, Instant now) noexcept {
    const std::scoped_lock lock(mutex_);
    return pace_.take_leave(wanted, now);
  }
  void return_leave(std::size_t requests) noexcept {
    const std::scoped_lock lock(mutex_);
    pace_.return_leave(requests);
  }
  [[nodiscard]] std::optional<Instant> sends_at(Instant now) const noexcept {
    const std::scoped_lock lock(mutex_);
    return pace_.sends_at(now);
  }

 private:
  void publish() noexcept { active_.store(pace_.active(), std::memory_order_relaxed); }

  mutable std::mutex mutex_;
  Pace pace_;
  std::atomic<bool> active_{false};
};

}  // namespace gateway::egress
