#include "runtime/turn_queue.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <list>
#include <vector>

namespace gateway {
namespace {

using testing::ElementsAre;

struct Item {
  explicit Item(int n) : number(n) {}
  int number;
  boost::intrusive::list_member_hook<> hook;
};
using Queue = TurnQueue<Item, &Item::hook>;

class TurnQueueTest : public testing::Test {
 protected:
  TurnQueueTest() {
    for (int i = 0; i < 5; ++i) items_.emplace_back(i);
  }
  ~TurnQueueTest() override { queue_.clear(); }
  Item& item(int n) { return *std::next(items_.begin(), n); }
  std::vector<int> turn() {
    std::vector<int> stepped;
    queue_.turn([&](Item& next) { stepped.push_back(next.number); });
    return stepped;
  }

  std::list<Item> items_;
  Queue queue_{2};
};

TEST_F(TurnQueueTest, TakesSoManyATurnInTheOrderTheyCame) {
  for (Item& next : items_) queue_.enter(next);
  EXPECT_THAT(turn(), ElementsAre(0, 1));
  EXPECT_THAT(turn(), ElementsAre(2, 3));
  EXPECT_FALSE(queue_.empty());
  EXPECT_THAT(turn(), ElementsAre(4));
  EXPECT_TRUE(queue_.empty());
  EXPECT_THAT(turn(), ElementsAre());
}

TEST_F(TurnQueueTest, HoldsAnItemOnce) {
  queue_.enter(item(1));
  queue_.enter(item(0));
  queue_.enter(item(1));
  EXPECT_THAT(turn(), ElementsAre(1, 0));
  EXPECT_TRUE(queue_.empty());
}

TEST_F(TurnQueueTest, ForgetsWhoLeaves) {
  for (Item& next : items_) queue_.enter(next);
  queue_.leave(item(0));
  queue_.leave(item(0));
  queue_.leave(item(3));
  EXPECT_THAT(turn(), ElementsAre(1, 2));
  EXPECT_THAT(turn(), ElementsAre(4));
}

TEST_F(TurnQueueTest, WhoEntersAgainStandsAtTheEnd) {
  for (int i = 0; i < 3; ++i) queue_.enter(item(i));
  std::vector<int> stepped;
  queue_.turn([&](Item& next) {
    stepped.push_back(next.number);
    queue_.enter(next);
  });
  EXPECT_THAT(stepped, ElementsAre(0, 1));
  EXPECT_THAT(turn(), ElementsAre(2, 0));
  EXPECT_THAT(turn(), ElementsAre(1));
}

}  // namespace
}  // namespace gateway
