#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "gateway/domain/event_slot.hpp"
#include "runtime/ring.hpp"

namespace gateway {

// The events that wait for a connection.
//
// In order of arrival alone, a post of ten thousand records would hold up every small post behind
// it until their deadline. So posts take turns: a turn is kTurnEvents events or kTurnBytes bytes of
// one post, and what a post has beyond that waits beside the line and gets its next turn at the end
// of the line when the last one has left. Posts of one turn, which is nearly all, stand in line as
// they came and cost nothing more.
//
// Sans-I/O. The events of a post are pushed one after the other.
class FairLine {
 public:
  static constexpr std::uint32_t kTurnEvents = 128;
  static constexpr std::size_t kTurnBytes = std::size_t{1} << 20;

  [[nodiscard]] bool empty() const noexcept { return line_.empty(); }
  [[nodiscard]] std::size_t size() const noexcept { return line_.size() + beside_; }
  [[nodiscard]] const EventSlot& front() noexcept { return line_.front(); }

  // Makes room in line for `events` in all, so that they can be pushed, taken and put back without
  // memory. What else a post of many turns needs it can do without: it then stands in line whole.
  void reserve(std::size_t events) { line_.reserve(events); }
  [[gnu::always_inline]] void push(const EventSlot& slot) noexcept {
    if (slot.post != last_ || slot.index == 0) {
      last_ = slot.post;
      turn_events_ = kTurnEvents;
      turn_bytes_ = std::max<std::size_t>(kTurnBytes, slot.length);  // the first always fits
    }
    if (turn_events_ != 0 && slot.length <= turn_bytes_) [[likely]] {
      --turn_events_;
      turn_bytes_ -= slot.length;
      line_.push_back(slot);
    } else {
      turn_events_ = 0;
      push_beside(slot);
    }
  }
  // An event that was taken comes first, or last, again.
  void put_front(const EventSlot& slot) noexcept {
    line_.push_front(slot);
    if (!waiting_.empty()) joined(slot);
  }
  void put_back(const EventSlot& slot) noexcept {
    line_.push_back(slot);
    if (!waiting_.empty()) joined(slot);
  }
  EventSlot take() noexcept {
    const EventSlot slot = line_.front();
    line_.pop_front();
    if (!waiting_.empty()) left(slot);
    return slot;
  }

  // Removes every event `gone` says yes to.
  template <class Predicate>
  void remove_if(Predicate gone) {
    line_.remove_if(gone);
    if (waiting_.empty()) return;
    beside_ = 0;
    for (auto& post : waiting_) {
      post->slots.remove_if(gone);
      beside_ += post->slots.size();
    }
    count_in_line();
  }

 private:
  // A post that has more than one turn.
  struct Waiting {
    const Post* post = nullptr;
    std::size_t in_line = 0;  // events of its turn that have not left
    Ring<EventSlot> slots;    // beside the line
  };

  void push_beside(const EventSlot& slot) noexcept;
  // Returns the post with room for one more event beside the line. Throws std::bad_alloc.
  [[nodiscard]] Waiting& with_room_beside(const Post* post);
  void joined(const EventSlot& slot) noexcept;
  void left(const EventSlot& slot) noexcept;
  [[nodiscard]] Waiting* find(const Post* post) noexcept;
  void next_turn(Waiting& post) noexcept;
  // Counts what is in line anew, gives a turn where nothing is, and forgets posts without any rest.
  void count_in_line() noexcept;
  void forget(const Waiting& post) noexcept;

  Ring<EventSlot> line_;
  std::vector<std::unique_ptr<Waiting>> waiting_;
  std::vector<std::unique_ptr<Waiting>> spare_;  // kept for their room
  std::size_t beside_ = 0;
  const Post* last_ = nullptr;  // the post that was pushed last, and what its first turn takes yet
  std::uint32_t turn_events_ = 0;
  std::size_t turn_bytes_ = 0;
};

}  // namespace gateway
