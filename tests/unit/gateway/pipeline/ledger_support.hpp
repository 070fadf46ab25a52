#pragma once
#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <vector>

#include "gateway/domain/event_slot.hpp"
#include "gateway/domain/post.hpp"
#include "gateway/pipeline/ledger.hpp"

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

class LedgerTest : public testing::Test {
 protected:
  static constexpr Instant kStart = Instant(std::chrono::seconds(1000));

  Post& open(std::uint32_t records, Instant now = kStart) {
    Post& post = ledger_.open(client_, now, WallInstant(std::chrono::seconds(5)));
    ledger_.expect(post, records);
    return post;
  }
  // An event on a connection, where the ones of these tests are settled.
  EventSlot sent(Post& post, std::uint32_t index) {
    const EventSlot slot = event(post, index);
    if (post.states[index] == EventState::queued) ledger_.move(slot, EventMove::stage);
    return slot;
  }
  // As a gateway without a spool: whose time is up is answered 504.
  bool expire(Instant now) {
    bool any = false;
    ledger_.expire(0, now, [&](Post& post) {
      ledger_.time_out(post);
      any = true;
    });
    return any;
  }
  void take(Post& post) { ledger_.answer_taken(post, kStart + std::chrono::milliseconds(1)); }
  void expect_empty() {
    EXPECT_EQ(ledger_.impossible_moves(), 0U);
    EXPECT_EQ(ledger_.posts(), 0U);
    EXPECT_EQ(ledger_.events_open(), 0U);
  }

  ShardMetrics metrics_;
  Ledger ledger_{metrics_, std::chrono::seconds(25)};
  Client client_;
};

}  // namespace gateway::test
