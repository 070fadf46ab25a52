#include "gateway/pipeline/delivery_queue.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <ranges>
#include <span>
#include <vector>

#include "support/start.hpp"

namespace gateway::egress {
namespace {

using namespace std::chrono_literals;
using test::kStart;

EventSlot event(std::uint32_t index, std::uint32_t length = 10) {
  static Post post;
  EventSlot slot;
  slot.post = &post;
  slot.index = index;
  slot.length = length;
  return slot;
}

EventSlot replayed(std::uint32_t index) {
  static Post post;
  post.replayed = true;
  EventSlot slot = event(index);
  slot.post = &post;
  return slot;
}

config::Queue limits(std::size_t events, std::size_t bytes) {
  config::Queue limits;
  limits.events = events;
  limits.bytes = bytes;
  return limits;
}

using Indexes = std::vector<std::uint32_t>;

Indexes drain(DeliveryQueue& queue) {
  Indexes indexes;
  while (!queue.empty()) indexes.push_back(queue.take().index);
  return indexes;
}

TEST(DeliveryQueue, IsFirstInFirstOut) {
  DeliveryQueue queue(limits(100, 10'000));
  for (std::uint32_t i = 0; i < 5; ++i) queue.push(event(i));
  EXPECT_EQ(queue.waiting(), 5U);
  EXPECT_EQ(queue.front().index, 0U);
  EXPECT_EQ(drain(queue), (Indexes{0, 1, 2, 3, 4}));
}

TEST(DeliveryQueue, CountsEventsUntilTheyAreSettled) {
  DeliveryQueue queue(limits(100, 10'000));
  queue.push(event(0, 10));
  queue.push(event(1, 20));
  EXPECT_EQ(queue.events(), 2U);
  EXPECT_EQ(queue.bytes(), 30U);
  const EventSlot taken = queue.take();
  EXPECT_EQ(queue.events(), 2U) << "it is on a connection";
  queue.delay(taken, kStart);
  EXPECT_EQ(queue.events(), 2U) << "it waits for its next attempt";
  queue.release_due(kStart);
  queue.settled(queue.take());
  EXPECT_EQ(queue.events(), 1U);
  EXPECT_EQ(queue.bytes(), 10U);
  queue.settled(queue.take());
  EXPECT_EQ(queue.events(), 0U);
  EXPECT_EQ(queue.bytes(), 0U);
}

TEST(DeliveryQueue, IsBoundedByNumber) {
  DeliveryQueue queue(limits(3, 10'000));
  EXPECT_TRUE(queue.could_admit(3));
  EXPECT_FALSE(queue.could_admit(4));
  EXPECT_TRUE(queue.admits(3, 1));
  EXPECT_FALSE(queue.admits(4, 1));
  queue.push(event(0));
  EXPECT_TRUE(queue.admits(2, 1));
  EXPECT_FALSE(queue.admits(3, 1));
  queue.push(event(1));
  EXPECT_FALSE(queue.full());
  queue.push(event(2));
  EXPECT_TRUE(queue.full());
  EXPECT_FALSE(queue.admits(1, 1));
  queue.settled(queue.take());
  EXPECT_FALSE(queue.full());
  EXPECT_TRUE(queue.admits(1, 1));
}

TEST(DeliveryQueue, IsBoundedByBytes) {
  DeliveryQueue queue(limits(100, 50));
  EXPECT_TRUE(queue.admits(1, 50));
  queue.push(event(0, 40));
  EXPECT_TRUE(queue.admits(1, 10));
  EXPECT_FALSE(queue.admits(1, 11));
  EXPECT_FALSE(queue.full());
  queue.push(event(1, 10));
  EXPECT_TRUE(queue.full());
}

TEST(DeliveryQueue, LetsOnePostLargerThanItsBytesInWhenEmpty) {
  DeliveryQueue queue(limits(100, 50));
  EXPECT_TRUE(queue.admits(1, 1000)) << "else it could never be sent";
  queue.push(event(0, 1000));
  EXPECT_TRUE(queue.full());
  EXPECT_FALSE(queue.admits(1, 1));
}

TEST(DeliveryQueue, PutsBackInOrder) {
  DeliveryQueue queue(limits(100, 10'000));
  for (std::uint32_t i = 0; i < 5; ++i) queue.push(event(i));
  std::vector<EventSlot> taken;
  for (int i = 0; i < 3; ++i) taken.push_back(queue.take());
  for (const EventSlot& slot : taken | std::views::reverse) queue.put_back(slot);
  EXPECT_EQ(queue.events(), 5U);
  EXPECT_EQ(drain(queue), (Indexes{0, 1, 2, 3, 4}));
}

TEST(DeliveryQueue, ReleasesDelayedEventsWhenTheyAreDue) {
  DeliveryQueue queue(limits(100, 10'000));
  for (std::uint32_t i = 0; i < 4; ++i) queue.push(event(i));
  EXPECT_FALSE(queue.next_due());
  queue.delay(queue.take(), kStart + 30ms);
  queue.delay(queue.take(), kStart + 10ms);
  queue.delay(queue.take(), kStart + 20ms);
  EXPECT_EQ(queue.next_due(), kStart + 10ms);
  EXPECT_EQ(queue.waiting(), 1U);

  queue.release_due(kStart + 9ms);
  EXPECT_EQ(queue.waiting(), 1U);
  queue.release_due(kStart + 20ms);
  EXPECT_EQ(queue.next_due(), kStart + 30ms);
  EXPECT_EQ(drain(queue), (Indexes{3, 1, 2})) << "behind those that wait, the earliest first";
  queue.release_due(kStart + 1h);
  EXPECT_EQ(drain(queue), Indexes{0});
  EXPECT_FALSE(queue.next_due());
}

TEST(DeliveryQueue, WithdrawsFromBothPlaces) {
  DeliveryQueue queue(limits(100, 10'000));
  for (std::uint32_t i = 0; i < 10; ++i) queue.push(event(i));
  for (int i = 0; i < 5; ++i) {
    const EventSlot slot = queue.take();
    queue.delay(slot, kStart + std::chrono::seconds(10 - slot.index));  // 4 first, 0 last
  }
  Indexes withdrawn;
  queue.withdraw_if([](const EventSlot& slot) { return slot.index % 2 == 0; },
                    [&](const EventSlot& slot) {
                      withdrawn.push_back(slot.index);
                      queue.settled(slot);
                    });
  std::ranges::sort(withdrawn);
  EXPECT_EQ(withdrawn, (Indexes{0, 2, 4, 6, 8}));
  EXPECT_EQ(queue.events(), 5U);
  EXPECT_EQ(queue.bytes(), 50U);
  EXPECT_EQ(queue.next_due(), kStart + 7s) << "that of number 3";
  EXPECT_EQ(drain(queue), (Indexes{5, 7, 9})) << "in order";
  queue.release_due(kStart + 1h);
  EXPECT_EQ(drain(queue), (Indexes{3, 1}));
}

TEST(DeliveryQueue, SendsGroupsFirstAndApartFromEachOther) {
  DeliveryQueue queue(limits(100, 10'000));
  for (std::uint32_t i = 0; i < 10; ++i) queue.push(event(i));
  std::vector<EventSlot> taken;
  for (int i = 0; i < 5; ++i) taken.push_back(queue.take());
  const std::span<const EventSlot> all(taken);
  queue.set_apart(all.first(2));
  queue.set_apart(all.subspan(2));
  queue.set_apart({});
  EXPECT_EQ(queue.waiting(), 10U);
  EXPECT_EQ(queue.together(), 2U);
  EXPECT_EQ(queue.front().index, 0U);
  static_cast<void>(queue.take());
  EXPECT_EQ(queue.together(), 1U) << "what is left of it";
  static_cast<void>(queue.take());
  EXPECT_EQ(queue.together(), 3U);
  EXPECT_EQ(drain(queue), (Indexes{2, 3, 4, 5, 6, 7, 8, 9}));
  EXPECT_GT(queue.together(), 1'000'000U);
}

TEST(DeliveryQueue, WithdrawsFromGroups) {
  DeliveryQueue queue(limits(100, 10'000));
  for (std::uint32_t i = 0; i < 6; ++i) queue.push(event(i));
  std::vector<EventSlot> taken;
  for (int i = 0; i < 5; ++i) taken.push_back(queue.take());
  const std::span<const EventSlot> all(taken);
  queue.set_apart(all.first(1));
  queue.set_apart(all.subspan(1, 2));
  queue.set_apart(all.subspan(3));
  Indexes withdrawn;
  queue.withdraw_if([](const EventSlot& slot) { return slot.index == 0 || slot.index == 3; },
                    [&](const EventSlot& slot) { withdrawn.push_back(slot.index); });
  EXPECT_EQ(withdrawn, (Indexes{0, 3}));
  EXPECT_EQ(queue.together(), 2U) << "a group of which nothing is left is none";
  EXPECT_EQ(queue.take().index, 1U);
  EXPECT_EQ(queue.take().index, 2U);
  EXPECT_EQ(queue.together(), 1U);
  EXPECT_EQ(drain(queue), (Indexes{4, 5}));
}

TEST(DeliveryQueue, WithdrawsNothingWhenNothingIsGone) {
  DeliveryQueue queue(limits(100, 10'000));
  queue.push(event(0));
  queue.push(event(1));
  queue.delay(queue.take(), kStart);
  queue.withdraw_if([](const EventSlot&) { return false; },
                    [](const EventSlot&) { ADD_FAILURE() << "withdrawn"; });
  EXPECT_EQ(queue.waiting(), 1U);
  EXPECT_EQ(queue.next_due(), kStart);
}

TEST(DeliveryQueue, SendsNewEventsBeforeThoseOfAReplay) {
  DeliveryQueue queue(limits(100, 10'000));
  queue.reserve_replayed(3);
  for (std::uint32_t i = 100; i < 103; ++i) queue.push_replayed(replayed(i));
  for (std::uint32_t i = 0; i < 3; ++i) queue.push(event(i));
  EXPECT_EQ(queue.events(), 6U);
  EXPECT_EQ(queue.bytes(), 60U);
  EXPECT_EQ(queue.waiting(), 6U);
  EXPECT_EQ(queue.front().index, 0U);
  EXPECT_EQ(drain(queue), (Indexes{0, 1, 2, 100, 101, 102}));
}

TEST(DeliveryQueue, SendsAnEventOfAReplayAfterSevenNewOnes) {
  static_assert(DeliveryQueue::kNewBefore == 7);
  DeliveryQueue queue(limits(100, 10'000));
  for (std::uint32_t i = 100; i < 103; ++i) queue.push_replayed(replayed(i));
  for (std::uint32_t i = 0; i < 16; ++i) queue.push(event(i));
  Indexes taken;
  while (!queue.empty()) {
    const std::uint32_t front = queue.front().index;
    taken.push_back(queue.take().index);
    EXPECT_EQ(front, taken.back());
  }
  EXPECT_EQ(taken, (Indexes{0, 1, 2, 3, 4, 5, 6, 100, 7, 8, 9, 10, 11, 12, 13, 101, 14, 15, 102}));
}

TEST(DeliveryQueue, PutsEventsOfAReplayBackAmongThemselves) {
  DeliveryQueue queue(limits(100, 10'000));
  for (std::uint32_t i = 100; i < 103; ++i) queue.push_replayed(replayed(i));
  const EventSlot first = queue.take();
  const EventSlot second = queue.take();
  queue.push(event(0));
  queue.put_back(first);
  static_cast<void>(queue.delay(second, kStart));
  queue.release_due(kStart);
  EXPECT_EQ(drain(queue), (Indexes{0, 100, 102, 101}));
}

TEST(DeliveryQueue, WithdrawsEventsOfAReplay) {
  DeliveryQueue queue(limits(100, 10'000));
  queue.push(event(0));
  for (std::uint32_t i = 100; i < 103; ++i) queue.push_replayed(replayed(i));
  queue.withdraw_if([](const EventSlot& slot) { return slot.index != 101; },
                    [&](const EventSlot& slot) { queue.settled(slot); });
  EXPECT_EQ(queue.events(), 1U);
  EXPECT_EQ(drain(queue), Indexes{101});
}

}  // namespace
}  // namespace gateway::egress
