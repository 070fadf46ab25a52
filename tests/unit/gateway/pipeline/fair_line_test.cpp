#include "gateway/pipeline/fair_line.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <map>
#include <vector>

#include "gateway/domain/post.hpp"

namespace gateway {
namespace {

class FairLineTest : public testing::Test {
 protected:
  EventSlot event(std::size_t post, std::uint32_t index, std::uint32_t length = 10) {
    EventSlot slot;
    slot.post = &posts_.at(post);
    slot.index = index;
    slot.length = length;
    return slot;
  }
  void push(std::size_t post, std::uint32_t events, std::uint32_t length = 10) {
    for (std::uint32_t i = 0; i < events; ++i) line_.push(event(post, i, length));
  }
  std::size_t number(const EventSlot& slot) const {
    return static_cast<std::size_t>(slot.post - posts_.data());
  }
  // How many events leave before the first one of `post`.
  std::size_t before(std::size_t post) {
    std::size_t others = 0;
    while (number(line_.take()) != post) ++others;
    return others;
  }
  // Takes all that is left; the events of each post, in the order they left.
  std::map<std::size_t, std::vector<std::uint32_t>> drain() {
    std::map<std::size_t, std::vector<std::uint32_t>> left;
    while (!line_.empty()) {
      const EventSlot slot = line_.take();
      left[number(slot)].push_back(slot.index);
    }
    EXPECT_EQ(line_.size(), 0U);
    return left;
  }
  static std::vector<std::uint32_t> all(std::uint32_t events) {
    std::vector<std::uint32_t> indexes;
    for (std::uint32_t i = 0; i < events; ++i) indexes.push_back(i);
    return indexes;
  }

  std::array<Post, 10> posts_;
  FairLine line_;
};

TEST_F(FairLineTest, KeepsSmallPostsInOrderOfArrival) {
  push(0, 3);
  push(1, 1);
  push(2, 2);
  std::vector<std::size_t> order;
  while (!line_.empty()) order.push_back(number(line_.take()));
  EXPECT_EQ(order, (std::vector<std::size_t>{0, 0, 0, 1, 2, 2}));
}

TEST_F(FairLineTest, GivesOnePostAfterTheOtherItsTurn) {
  for (std::size_t post = 0; post < 3; ++post) push(post, 12'000);
  push(3, 1);
  EXPECT_EQ(line_.size(), 36'001U);
  EXPECT_EQ(before(3), 3 * FairLine::kTurnEvents);
  push(4, 1);
  EXPECT_LE(before(4), 3 * FairLine::kTurnEvents) << "and so on, for every one that comes";
  const auto left = drain();
  for (std::size_t post = 0; post < 3; ++post) {
    const auto& indexes = left.at(post);
    EXPECT_TRUE(std::ranges::is_sorted(indexes));
    EXPECT_EQ(indexes.back(), 11'999U);
  }
}

TEST_F(FairLineTest, LosesNothingWhateverTheSizes) {
  const std::array<std::uint32_t, 6> sizes{1, 127, 128, 129, 256, 1000};
  for (std::size_t post = 0; post < sizes.size(); ++post) push(post, sizes.at(post));
  const auto left = drain();
  for (std::size_t post = 0; post < sizes.size(); ++post) {
    EXPECT_EQ(left.at(post), all(sizes.at(post))) << post;
  }
}

TEST_F(FairLineTest, CountsBytesToo) {
  push(0, 10, FairLine::kTurnBytes / 2);
  push(1, 1);
  EXPECT_EQ(before(1), 2U);
  push(2, 3, 2 * FairLine::kTurnBytes);
  push(3, 1);
  EXPECT_LE(before(3), 4U) << "one large event is a turn";
  drain();
}

TEST_F(FairLineTest, TakesBackWhatWasTaken) {
  push(0, 300);
  push(1, 1);
  std::vector<EventSlot> taken;
  for (int i = 0; i < 100; ++i) taken.push_back(line_.take());
  for (std::size_t i = taken.size(); i-- > 0;) line_.put_front(taken[i]);
  EXPECT_EQ(line_.size(), 301U);
  EXPECT_EQ(before(1), FairLine::kTurnEvents) << "the turn is as long as before";
  EXPECT_EQ(drain().at(0).size(), 300U - FairLine::kTurnEvents);

  push(0, 300);
  const EventSlot again = line_.take();
  line_.put_back(again);
  auto rest = drain().at(0);
  std::ranges::sort(rest);
  EXPECT_EQ(rest, all(300));
}

TEST_F(FairLineTest, RemovesFromTheLineAndBesideIt) {
  for (std::size_t post = 0; post < 3; ++post) push(post, 1000);
  line_.remove_if([this](const EventSlot& slot) { return number(slot) == 1; });
  EXPECT_EQ(line_.size(), 2000U);
  line_.remove_if([this](const EventSlot& slot) { return number(slot) == 0 && slot.index < 200; });
  const auto left = drain();
  EXPECT_EQ(left.at(0).front(), 200U);
  EXPECT_EQ(left.at(0).size(), 800U);
  EXPECT_EQ(left.at(2), all(1000));
  push(1, 200);
  EXPECT_EQ(drain().at(1), all(200)) << "a post that comes again starts afresh";
}

TEST_F(FairLineTest, GoesOnWithAPostWhoseTurnWasTakenWhileItCame) {
  for (std::uint32_t i = 0; i < 100; ++i) line_.push(event(0, i));
  for (int i = 0; i < 100; ++i) line_.take();
  for (std::uint32_t i = 100; i < 500; ++i) line_.push(event(0, i));
  EXPECT_EQ(drain().at(0).size(), 400U);
}

}  // namespace
}  // namespace gateway
