// What becomes of the events of posts whose time is up.
#include <algorithm>
#include <functional>
#include <span>
#include <vector>

#include "gateway/egress/eventbus/eventbus.hpp"

namespace gateway::egress {

// Before a post is taken off its list, so that nothing of it can be lost.
void Eventbus::make_room_for_expired() {
  if (!context_.spooler.has_spool()) return;
  withdrawn_.reserve(queue_.events());
  in_flight_.reserve(queue_.events());
}

void Eventbus::end_expired(std::span<Post* const> posts) {
  if (context_.spooler.has_spool()) {
    spool_expired(posts);
  } else {
    queue_.withdraw_if([](const EventSlot& slot) { return slot.post->expired; },
                       [this](const EventSlot& slot) { give_up_late(slot); });
  }
}

void Eventbus::spool_expired(std::span<Post* const> posts) {
  // Not those of posts that were handed over earlier and are still on a connection.
  const auto overdue = [](const EventSlot& slot) {
    const Post& post = *slot.post;
    return post.expired && post.states[slot.index] != EventState::copying;
  };
  const auto is_owed = [](const EventSlot& slot) { return slot.post->state == Post::State::open; };
  const auto by_post = [](const EventSlot& a, const EventSlot& b) {
    return a.post == b.post ? a.index < b.index : std::less<>()(a.post, b.post);
  };
  withdrawn_.clear();
  in_flight_.clear();
  queue_.withdraw_if(overdue, [&](const EventSlot& slot) {
    if (!is_owed(slot)) return give_up_late(slot);  // the spool has failed for another target
    queue_.settled(slot);
    withdrawn_.push_back(slot);
  });
  for (EventbusConnection* const connection : pool_.used()) {
    connection->multiplexer().for_each([&](const EventSlot& slot) {
      if (overdue(slot) && is_owed(slot)) in_flight_.push_back(slot);
    });
  }
  std::ranges::sort(withdrawn_, by_post);
  std::ranges::sort(in_flight_, by_post);
  const auto of = [&](const std::vector<EventSlot>& all, const Post* post) {
    const auto range = std::ranges::equal_range(all, post, {}, &EventSlot::post);
    return std::span<const EventSlot>(range.begin(), range.end());
  };
  for (Post* const post : posts) {
    context_.spooler.spool(*post, of(withdrawn_, post), of(in_flight_, post));
  }
  context_.turn_end.request();
}

}  // namespace gateway::egress
