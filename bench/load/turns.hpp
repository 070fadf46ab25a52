#pragma once
#include <algorithm>
#include <chrono>
#include <functional>
#include <utility>
#include <vector>

#include "testkit/poller.hpp"

namespace gateway::load {

// Turns loads and eventbuses of one thread until something holds.
class Turns {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  // Load and eventbus take turns: the next posts of an open loop wait at most until this many
  // descriptors were served.
  static constexpr int kOpenLoopEvents = 16;

  // Returns the time so many seconds later.
  static TimePoint after(TimePoint time, double seconds) {
    return time + std::chrono::duration_cast<std::chrono::steady_clock::duration>(
                      std::chrono::duration<double>(seconds));
  }

  // At most so many `events` come in a turn. `awake`: does not sleep for less than kAwake.
  // `poller` and `parts` must outlive it.
  Turns(test::Poller& poller, std::vector<test::Driven*> parts, bool awake = false,
        int events = test::Poller::kEvents)
      : poller_(poller), parts_(std::move(parts)), awake_(awake), events_(events) {}

  // Turns until `holds`, but not beyond `limit`, and calls `look` twenty times a second. Returns
  // whether it holds.
  bool wait(TimePoint limit, const std::function<bool()>& holds,
            const std::function<void()>& look = {}) {
    TimePoint next_look;
    while (!holds()) {
      const TimePoint now = std::chrono::steady_clock::now();
      if (now >= limit) return false;
      if (now >= next_look) {
        if (look) look();
        next_look = now + kLook;
      }
      turn(std::min(limit, next_look));
    }
    return true;
  }
  // Turns until that time.
  void play(TimePoint end, const std::function<void()>& look = {}) {
    wait(end, [] { return false; }, look);
  }

 private:
  static constexpr std::chrono::milliseconds kLook{50};
  // An open loop on a core of its own does not sleep for less than this: a core that has gone to
  // sleep takes tens of microseconds to wake up, and waking it would be charged to the latency of
  // the gateway.
  static constexpr std::chrono::microseconds kAwake{200};

  void turn(TimePoint until) {
    const TimePoint before = std::chrono::steady_clock::now();
    for (test::Driven* const part : parts_) until = std::min(until, part->next_due(before));
    if (awake_) until = std::max(before, until - kAwake);
    poller_.turn(until, events_);
    const TimePoint now = std::chrono::steady_clock::now();
    for (test::Driven* const part : parts_) part->advance(now);
  }

  test::Poller& poller_;
  std::vector<test::Driven*> parts_;
  bool awake_;
  int events_;
};

}  // namespace gateway::load
