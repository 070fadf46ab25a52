#pragma once
#include <cstddef>
#include <deque>

#include "runtime/asio.hpp"
#include "runtime/signal.hpp"

namespace gateway {

// A semaphore for coroutines that gives its permits in the order in which they were asked for. Used
// on one thread; whoever waits is joined before this object dies.
class FairSemaphore {
 public:
  FairSemaphore(const Executor& executor, std::size_t count) : executor_(executor), free_(count) {}

  // Returns with a permit, which release() gives back.
  [[nodiscard]] Task<void> acquire() {
    if (free_ != 0 && waiting_.empty()) {
      --free_;
      co_return;
    }
    Waiting one(executor_);
    waiting_.push_back(&one);
    while (!one.admitted) co_await one.signal.wait();
  }
  void release() {
    if (waiting_.empty()) {
      ++free_;
      return;
    }
    Waiting& next = *waiting_.front();
    waiting_.pop_front();
    next.admitted = true;
    next.signal.notify_all();
  }

 private:
  class Waiting {
   public:
    explicit Waiting(const Executor& executor) : signal(executor) {}
    Signal signal;
    bool admitted = false;
  };

  const Executor executor_;
  std::size_t free_;
  std::deque<Waiting*> waiting_;
};

}  // namespace gateway
