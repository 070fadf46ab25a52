#pragma once
#include "runtime/asio.hpp"

namespace gateway {

// Wakes the coroutines of one shard that wait for a predicate. Carries no data: a waiter re-checks
// its predicate after every wake-up, since a notification without a waiter is lost.
class Signal {
 public:
  explicit Signal(const Executor& executor) : timer_(executor, Timer::time_point::max()) {}

  void notify_all() { timer_.cancel(); }
  // Returns after the next notify_all().
  [[nodiscard]] Task<void> wait() {
    timer_.expires_at(Timer::time_point::max());
    co_await timer_.async_wait(tuple);
  }
  // Returns after the next notify_all(), or at `deadline`.
  [[nodiscard]] Task<void> wait_until(Timer::time_point deadline) {
    timer_.expires_at(deadline);
    co_await timer_.async_wait(tuple);
  }

 private:
  Timer timer_;
};

}  // namespace gateway
