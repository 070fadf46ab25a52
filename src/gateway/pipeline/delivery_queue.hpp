#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <new>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "gateway/config/settings.hpp"
#include "gateway/domain/event_slot.hpp"
#include "gateway/domain/post.hpp"
#include "gateway/pipeline/fair_line.hpp"
#include "runtime/clock.hpp"
#include "runtime/ring.hpp"

namespace gateway {

// One shard's events on their way: those that wait for a connection, and those that wait for the
// time of their next attempt. Bounded by number and bytes of all events that were pushed and are
// not yet settled, wherever they are. Sans-I/O.
//
// Events set apart in groups go first. They are parts of a batch that was refused because of one of
// them: the events of a group share a request with each other and with no others.
//
// Events of a replay have waited for long, and a client waits for new ones. So new events go before
// them; while both wait, one in kNewBefore + 1 is of the replay, which otherwise would stand still
// as long as new events take all that the eventbus can.
class DeliveryQueue {
 public:
  static constexpr unsigned kNewBefore = 7;

  explicit DeliveryQueue(const config::Queue& limits) noexcept : limits_(limits) {}

  // Whether a post of so many events and bytes may come in now; whether it ever could.
  [[nodiscard]] bool admits(std::size_t events, std::size_t bytes) const noexcept {
    return events_ + events <= limits_.events && (events_ == 0 || bytes_ + bytes <= limits_.bytes);
  }
  [[nodiscard]] bool could_admit(std::size_t events) const noexcept {
    return events <= limits_.events;
  }
  // Returns how many events may come in now.
  [[nodiscard]] std::size_t room() const noexcept {
    return events_ < limits_.events ? limits_.events - events_ : 0;
  }
  [[nodiscard]] bool full() const noexcept {
    return events_ >= limits_.events || bytes_ >= limits_.bytes;
  }

  // Makes room for so many more events, which then can be pushed, taken and put back without
  // memory.
  void reserve(std::size_t events) { waiting_.reserve(events_ + events); }
  // Room for it has been made.
  void push(const EventSlot& slot) noexcept {
    ++events_;
    bytes_ += slot.length;
    waiting_.push(slot);
  }
  // Do the same for events of a replay.
  void reserve_replayed(std::size_t events) { replayed_.reserve(events_ + events); }
  void push_replayed(const EventSlot& slot) noexcept {
    ++events_;
    bytes_ += slot.length;
    replayed_.push_back(slot);
  }
  // An event that was taken comes first of its kind again.
  void put_back(const EventSlot& slot) noexcept {
    if (slot.post->replayed) {
      replayed_.push_front(slot);
    } else {
      waiting_.put_front(slot);
    }
  }
  // Makes room for so many events to be set apart, in two groups.
  void reserve_apart(std::size_t events) {
    apart_.reserve(apart_.size() + events);
    groups_.reserve(groups_.size() + 2);
  }
  // Events that were taken are a group from now on. Room for them has been made.
  void set_apart(std::span<const EventSlot> group) noexcept {
    if (group.empty()) return;
    for (const EventSlot& slot : group) apart_.push_back(slot);
    groups_.push_back(static_cast<std::uint32_t>(group.size()));
  }
  // An event that was taken is not to be sent before `due`. Returns false, with the event in line
  // at once, if there is no memory to wait in.
  bool delay(const EventSlot& slot, Instant due) noexcept {
    try {
      delayed_.push_back({due, slot});
    } catch (const std::bad_alloc&) {
      put_back(slot);
      return false;
    }
    std::ranges::push_heap(delayed_, later);
    return true;
  }
  // Lets those wait in line again whose time has come, the longest due first, as long as
  // `leave(slot)` is given; the others stay.
  template <class Leave>
  void release_due(Instant now, Leave leave) {
    while (!delayed_.empty() && delayed_.front().due <= now && leave(delayed_.front().slot)) {
      wait_again(delayed_.front().slot);
      std::ranges::pop_heap(delayed_, later);
      delayed_.pop_back();
    }
  }
  void release_due(Instant now) {
    release_due(now, [](const EventSlot&) { return true; });
  }
  // Lets the event that is due next wait in line again before its time, if there is one, and tells
  // `released`.
  template <class Released>
  void release_first(Released released) {
    if (delayed_.empty()) return;
    bool done = false;
    release_due(delayed_.front().due, [&](const EventSlot& slot) {
      if (!done) released(slot);
      return !std::exchange(done, true);
    });
  }
  [[nodiscard]] std::optional<Instant> next_due() const noexcept {
    if (delayed_.empty()) return std::nullopt;
    return delayed_.front().due;
  }

  [[nodiscard]] bool empty() const noexcept {
    return waiting_.empty() && replayed_.empty() && apart_.empty();
  }
  [[nodiscard]] std::size_t waiting() const noexcept {
    return waiting_.size() + replayed_.size() + apart_.size();
  }
  // The event that take() takes.
  [[nodiscard]] const EventSlot& front() noexcept {
    if (!apart_.empty()) return apart_.front();
    return is_turn_of_replayed() ? replayed_.front() : waiting_.front();
  }
  // How many of the next events may share a request.
  [[nodiscard]] std::size_t together() noexcept {
    return groups_.empty() ? std::numeric_limits<std::size_t>::max() : groups_.front();
  }
  [[nodiscard]] EventSlot take() {
    if (apart_.empty() && replayed_.empty()) [[likely]]
      return waiting_.take();
    return take_by_turns();
  }

  // Delivered or given up: its place is free.
  void settled(const EventSlot& slot) noexcept {
    --events_;
    ++left_;
    bytes_ -= slot.length;
  }

  // Takes out every event that waits and that `gone` says yes to, and hands it to `withdrawn`.
  template <class Predicate, class Withdrawn>
  void withdraw_if(Predicate gone, Withdrawn withdrawn) {
    const auto take_out = [&](const EventSlot& slot) {
      if (!gone(slot)) return false;
      withdrawn(slot);
      return true;
    };
    waiting_.remove_if(take_out);
    replayed_.remove_if(take_out);
    withdraw_apart(take_out);
    const auto rest = std::partition(delayed_.begin(), delayed_.end(),
                                     [&](const Delayed& delayed) { return !gone(delayed.slot); });
    for (auto it = rest; it != delayed_.end(); ++it) withdrawn(it->slot);
    delayed_.erase(rest, delayed_.end());
    std::ranges::make_heap(delayed_, later);
  }

  // All that were pushed and are not settled.
  [[nodiscard]] std::size_t events() const noexcept { return events_; }
  [[nodiscard]] std::size_t bytes() const noexcept { return bytes_; }
  // All that have been settled.
  [[nodiscard]] std::uint64_t left() const noexcept { return left_; }

 private:
  struct Delayed {
    Instant due;
    EventSlot slot;
  };
  static bool later(const Delayed& a, const Delayed& b) noexcept { return a.due > b.due; }

  // The last in line of its kind.
  void wait_again(const EventSlot& slot) noexcept {
    if (slot.post->replayed) {
      replayed_.push_back(slot);
    } else {
      waiting_.put_back(slot);
    }
  }

  [[nodiscard]] bool is_turn_of_replayed() const noexcept {
    return !replayed_.empty() && (waiting_.empty() || new_in_a_row_ >= kNewBefore);
  }

  [[nodiscard, gnu::noinline]] EventSlot take_by_turns() noexcept {
    if (!apart_.empty()) return take_apart();
    if (!is_turn_of_replayed()) {
      ++new_in_a_row_;
      return waiting_.take();
    }
    new_in_a_row_ = 0;
    const EventSlot slot = replayed_.front();
    replayed_.pop_front();
    return slot;
  }

  [[nodiscard]] EventSlot take_apart() noexcept {
    const EventSlot slot = apart_.front();
    apart_.pop_front();
    if (--groups_.front() == 0) groups_.pop_front();
    return slot;
  }

  template <class Predicate>
  void withdraw_apart(Predicate take_out) {
    const std::size_t groups = groups_.size();
    for (std::size_t g = 0; g < groups; ++g) {
      std::uint32_t left = 0;
      for (std::uint32_t n = groups_.front(); n != 0; --n) {
        const EventSlot slot = apart_.front();
        apart_.pop_front();
        if (take_out(slot)) continue;
        apart_.push_back(slot);
        ++left;
      }
      groups_.pop_front();
      if (left != 0) groups_.push_back(left);
    }
  }

  config::Queue limits_;
  FairLine waiting_;
  Ring<EventSlot> replayed_;    // events of a replay that wait
  unsigned new_in_a_row_ = 0;   // that were taken while some of these waited
  Ring<EventSlot> apart_;       // the groups, one behind the other
  Ring<std::uint32_t> groups_;  // how many events each has
  std::vector<Delayed> delayed_;
  std::size_t events_ = 0;
  std::size_t bytes_ = 0;
  std::uint64_t left_ = 0;
};

}  // namespace gateway
