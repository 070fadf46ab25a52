#pragma once
#include <chrono>
#include <functional>
#include <utility>

#include "runtime/asio.hpp"

namespace gateway {

// Says something at once and again every interval, until stopped. Lives on one thread; its
// executor's loop must have run dry before it dies.
class Reminder {
 public:
  Reminder(const Executor& executor, std::chrono::milliseconds every, std::function<void()> say)
      : timer_(executor), every_(every), say_(std::move(say)) {}
  Reminder(const Reminder&) = delete;
  Reminder& operator=(const Reminder&) = delete;

  void start() {
    say_();
    if (stopped_) return;
    timer_.expires_after(every_);
    timer_.async_wait([this](const error_code& error) {
      if (!error && !stopped_) start();
    });
  }
  void stop() {
    stopped_ = true;
    timer_.cancel();
  }

 private:
  Timer timer_;
  const std::chrono::milliseconds every_;
  const std::function<void()> say_;
  bool stopped_ = false;
};

}  // namespace gateway
