#pragma once
#include <cstdint>
#include <vector>

#include "gateway/domain/event_slot.hpp"
#include "gateway/domain/post.hpp"

// What the tests around the ledger share.
namespace gateway::test {

// A client that remembers what it was told; it takes an answer later, as a connection does.
class Client final : public PostOwner {
 public:
  void answer_ready(Post& post) override { ready.push_back(&post); }
  std::vector<Post*> ready;
};

// Returns the slot of the event with this index.
inline EventSlot event(Post& post, std::uint32_t index) {
  EventSlot slot;
  slot.post = &post;
  slot.index = index;
  return slot;
}

}  // namespace gateway::test
