#pragma once
#include <algorithm>
#include <chrono>
#include <functional>
#include <utility>
#include <vector>

#include "testkit/poller.hpp"

namespace gateway::test {

// Turns a poller and drives the loads and buses of its thread.
class Turns {
 public:
  using TimePoint = Driven::TimePoint;

  // At most so many `events` come in a turn. `awake`: does not sleep for less than kAwake.
  // `poller` must outlive it.
  explicit Turns(Poller& poller, std::vector<Driven*> parts = {}, bool awake = false,
                 int events = Poller::kEvents)
      : poller_(poller), parts_(std::move(parts)), awake_(awake), events_(events) {}

  // Drives this one, too. It must live until the last turn, as those before must.
  void add(Driven& part) { parts_.push_back(&part); }
  // Turns once: waits until something is there to be done, but not beyond `until`, and does it.
  void turn(TimePoint until) {
    const TimePoint before = std::chrono::steady_clock::now();
    for (Driven* const part : parts_) until = std::min(until, part->next_due(before));
    if (awake_) until = std::max(before, until - kAwake);
    poller_.turn(until, events_);
    const TimePoint now = std::chrono::steady_clock::now();
    for (Driven* const part : parts_) part->advance(now);
  }
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

  Poller& poller_;
  std::vector<Driven*> parts_;
  bool awake_;
  int events_;
};

}  // namespace gateway::test
