#pragma once
#include <chrono>
#include <functional>
#include <utility>

#include "runtime/asio.hpp"

namespace gateway {

// Calls a function at once and again every interval, until stopped, also if a call throws. It can
// only be without memory for its next wait; whoever catches what start() or the loop throws starts
// it again. Lives on one thread; the loop of its executor must have ended before it dies.
class RepeatingTimer {
 public:
  RepeatingTimer(const Executor& executor, std::chrono::milliseconds every,
                 std::function<void()> call)
      : timer_(executor), every_(every), call_(std::move(call)) {}
  RepeatingTimer(const RepeatingTimer&) = delete;
  RepeatingTimer& operator=(const RepeatingTimer&) = delete;

  void start() {
    if (stopped_) return;
    timer_.expires_after(every_);
    timer_.async_wait([this](const error_code& error) {
      if (!error && !stopped_) start();
    });
    call_();
  }
  void stop() {
    stopped_ = true;
    timer_.cancel();
  }

 private:
  Timer timer_;
  const std::chrono::milliseconds every_;
  const std::function<void()> call_;
  bool stopped_ = false;
};

}  // namespace gateway
