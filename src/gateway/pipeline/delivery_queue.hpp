#pragma once
#include <algorithm>
#include <cstddef>
#include <optional>
#include <vector>

#include "gateway/config/settings.hpp"
#include "gateway/domain/event_slot.hpp"
#include "runtime/clock.hpp"
#include "runtime/ring.hpp"

namespace gateway {

// One shard's events on their way: those that wait for a connection, in order, and those that wait
// for the time of their next attempt. Bounded by number and bytes of all events that were pushed
// and are not yet settled, wherever they are. Sans-I/O.
class DeliveryQueue {
 public:
  explicit DeliveryQueue(const config::Queue& limits) noexcept : limits_(limits) {}

  // Whether a post of so many events and bytes may come in now; whether it ever could.
  [[nodiscard]] bool admits(std::size_t events, std::size_t bytes) const noexcept {
    return events_ + events <= limits_.events && (events_ == 0 || bytes_ + bytes <= limits_.bytes);
  }
  [[nodiscard]] bool could_admit(std::size_t events) const noexcept {
    return events <= limits_.events;
  }
  [[nodiscard]] bool full() const noexcept {
    return events_ >= limits_.events || bytes_ >= limits_.bytes;
  }

  void push(const EventSlot& slot) {
    ++events_;
    bytes_ += slot.length;
    waiting_.push_back(slot);
  }
  // An event that was taken comes first again.
  void put_back(const EventSlot& slot) { waiting_.push_front(slot); }
  // An event that was taken is not to be sent before `due`.
  void delay(const EventSlot& slot, Instant due) {
    delayed_.push_back({due, slot});
    std::ranges::push_heap(delayed_, later);
  }
  // Lets those wait in line again whose time has come, the longest due first, as long as
  // `leave(slot)` is given; the others stay.
  template <class Leave>
  void release_due(Instant now, Leave leave) {
    while (!delayed_.empty() && delayed_.front().due <= now && leave(delayed_.front().slot)) {
      waiting_.push_back(delayed_.front().slot);
      std::ranges::pop_heap(delayed_, later);
      delayed_.pop_back();
    }
  }
  void release_due(Instant now) {
    release_due(now, [](const EventSlot&) { return true; });
  }
  [[nodiscard]] std::optional<Instant> next_due() const noexcept {
    if (delayed_.empty()) return std::nullopt;
    return delayed_.front().due;
  }

  [[nodiscard]] bool empty() const noexcept { return waiting_.empty(); }
  [[nodiscard]] std::size_t waiting() const noexcept { return waiting_.size(); }
  [[nodiscard]] EventSlot take() noexcept {
    const EventSlot slot = waiting_.front();
    waiting_.pop_front();
    return slot;
  }
  [[nodiscard]] const EventSlot& front() noexcept { return waiting_.front(); }

  // Delivered or given up: its place is free.
  void settled(const EventSlot& slot) noexcept {
    --events_;
    bytes_ -= slot.length;
  }

  // Takes out every event that waits and that `gone` says yes to, and hands it to `withdrawn`.
  template <class Predicate, class Withdrawn>
  void withdraw_if(Predicate gone, Withdrawn withdrawn) {
    waiting_.remove_if([&](const EventSlot& slot) {
      if (!gone(slot)) return false;
      withdrawn(slot);
      return true;
    });
    const auto rest = std::partition(delayed_.begin(), delayed_.end(),
                                     [&](const Delayed& delayed) { return !gone(delayed.slot); });
    for (auto it = rest; it != delayed_.end(); ++it) withdrawn(it->slot);
    delayed_.erase(rest, delayed_.end());
    std::ranges::make_heap(delayed_, later);
  }

  // All that were pushed and are not settled.
  [[nodiscard]] std::size_t events() const noexcept { return events_; }
  [[nodiscard]] std::size_t bytes() const noexcept { return bytes_; }

 private:
  struct Delayed {
    Instant due;
    EventSlot slot;
  };
  static bool later(const Delayed& a, const Delayed& b) noexcept { return a.due > b.due; }

  config::Queue limits_;
  Ring<EventSlot> waiting_;
  std::vector<Delayed> delayed_;
  std::size_t events_ = 0;
  std::size_t bytes_ = 0;
};

}  // namespace gateway
