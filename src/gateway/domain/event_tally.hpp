#pragma once
#include <array>
#include <cstddef>

#include "gateway/domain/event_state.hpp"

namespace gateway {

// How many events are in each state. All that is asked about a post or a shard as a whole (is it
// open, may it be reused, does the balance hold) is a sum over these numbers.
template <class Count>
class EventTally {
 public:
  void add(EventState state, Count events) noexcept { of(state) += events; }
  void move(EventState from, EventState to) noexcept {
    --of(from);
    ++of(to);
  }
  void clear() noexcept { counts_.fill(0); }

  [[nodiscard]] Count in(EventState state) const noexcept {
    return counts_[static_cast<std::size_t>(state)];
  }
  // Returns how many have no outcome yet.
  [[nodiscard]] Count open() const noexcept {
    return sum<EventState::queued, EventState::delivered_copying>();
  }
  // Returns how many some owner refers to.
  [[nodiscard]] Count held() const noexcept {
    return sum<EventState::queued, EventState::delivered>();
  }
  // Returns how many are with the eventbus or in a store.
  [[nodiscard]] Count safe() const noexcept {
    return sum<EventState::delivered_copying, EventState::failed>();
  }

 private:
  template <EventState first, EventState end>
  [[nodiscard]] Count sum() const noexcept {
    Count sum = 0;
    for (auto i = static_cast<std::size_t>(first); i < static_cast<std::size_t>(end); ++i) {
      sum += counts_[i];
    }
    return sum;
  }
  [[nodiscard]] Count& of(EventState state) noexcept {
    return counts_[static_cast<std::size_t>(state)];
  }

  std::array<Count, kEventStates> counts_{};
};

}  // namespace gateway
