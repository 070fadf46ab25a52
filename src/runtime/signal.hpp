#pragma once
#include <boost/intrusive/list.hpp>

#include "runtime/asio.hpp"

namespace gateway {

// Wakes the coroutines of one shard that wait for a predicate. Carries no data: a waiter re-checks
// its predicate after every wake-up, since a notification without a waiter is lost.
//
// Each waiter has a timer of its own: setting the time of a timer ends the waits on it, so that two
// waiters of one timer would wake each other for ever. Outlives its waiters.
class Signal {
 public:
  explicit Signal(const Executor& executor) : executor_(executor) {}

  void notify_all() {
    for (Waiter& waiter : waiters_) waiter.timer.cancel();
  }
  // Returns after the next notify_all().
  [[nodiscard]] Task<void> wait() { return wait_until(Timer::time_point::max()); }
  // Returns after the next notify_all(), or at `deadline`.
  [[nodiscard]] Task<void> wait_until(Timer::time_point deadline) {
    Waiter waiter(executor_, deadline);
    waiters_.push_back(waiter);
    co_await waiter.timer.async_wait(tuple);
  }

 private:
  using Hook =
      boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>>;
  struct Waiter : Hook {
    Waiter(const Executor& executor, Timer::time_point at) : timer(executor, at) {}
    Timer timer;
  };

  Executor executor_;
  boost::intrusive::list<Waiter, boost::intrusive::constant_time_size<false>> waiters_;
};

}  // namespace gateway
