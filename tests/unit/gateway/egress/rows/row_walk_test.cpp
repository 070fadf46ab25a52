#include "gateway/egress/rows/row_walk.hpp"

#include <gtest/gtest.h>

#include <fstream>

#include "unit/gateway/egress/store/support.hpp"

namespace gateway::egress::test {
namespace {

std::vector<std::string> walked(RowWalk& walk) {
  std::vector<std::string> found;
  const auto done = for_each_row(walk, [&](const StoredRow& row) { found.push_back(row.id); });
  EXPECT_TRUE(done) << done.error().text();
  return found;
}

class Walk : public testing::Test {
 protected:
  void append(int from, int count, std::size_t data = 100) {
    ASSERT_TRUE(store_->append(events(from, count, data), kAdded));
  }

  // Damages rows, one by one, as a device might. The store is opened as tools do.
  void damage(std::initializer_list<int> rows) {
    store_.reset();
    std::string bytes = contents(directory_.segment());
    for (const int n : rows) {
      const std::size_t at = bytes.find(event(n).json);
      ASSERT_NE(at, std::string::npos);
      bytes[at + event(n).json.find("\"pad\"") + 1] = '#';
    }
    write_file(directory_.segment(), bytes);
    auto store =
        EventStore::open_for_tools(directory_.file(), StoreKind::spool, EventStore::Access::mark);
    ASSERT_TRUE(store) << store.error().text();
    store_ = std::move(*store);
  }

  Directory directory_;
  std::unique_ptr<EventStore> store_ = open(directory_.file());
};

// The numbers of rows in the order in which they come, those of damaged ones negative.
std::vector<int> numbers(RowWalk& walk) {
  std::vector<int> found;
  const auto note = [&](int number) {
    found.push_back(number);
    return true;
  };
  while (!walk.at_end()) {
    EXPECT_TRUE(walk.read_on());
    EXPECT_TRUE(walk.take_in_order([&](const StoredRow& row) { return note(int(row.seq)); },
                                   [&](Sequence seq) { return note(-int(seq)); }));
  }
  return found;
}

TEST_F(Walk, GivesAllRowsInOrder) {
  append(0, 1700);
  RowWalk walk(*store_, StoreFilter());
  EXPECT_EQ(walked(walk), ids(0, 1700));
  EXPECT_TRUE(walk.at_end());
  EXPECT_EQ(walk.fraction(), 1);
}

TEST_F(Walk, EndsAtOnceInAnEmptyStore) {
  RowWalk walk(*store_, StoreFilter());
  EXPECT_TRUE(walked(walk).empty());
  EXPECT_EQ(walk.fraction(), 1);
}

TEST_F(Walk, GivesWhatTheFilterWantsUpToTheLimit) {
  append(0, 1700);
  StoreFilter filter;
  filter.bucket = "odd-1250000000";
  RowWalk all(*store_, filter);
  EXPECT_EQ(walked(all).size(), 850u);
  for (const std::uint64_t limit : {1u, 500u, 501u, 850u, 900u}) {
    RowWalk some(*store_, filter, limit);
    const auto found = walked(some);
    EXPECT_EQ(found.size(), std::min<std::size_t>(limit, 850));
    EXPECT_EQ(found.front(), "id-1");
    EXPECT_TRUE(some.at_end());
  }
}

TEST_F(Walk, DoesNotRunAfterNewRows) {
  append(0, 600);
  RowWalk walk(*store_, StoreFilter());
  ASSERT_TRUE(walk.read_on());
  append(600, 100);
  EXPECT_EQ(walked(walk), ids(0, 600));
}

TEST_F(Walk, KeepsFewBytesInMemory) {
  append(0, 40, std::size_t{1} << 20);
  RowWalk walk(*store_, StoreFilter());
  ASSERT_TRUE(walk.read_on());
  int held = 0;
  for (; walk.available(); ++held) static_cast<void>(walk.take());
  EXPECT_LE(held, 5) << "of 1 MiB each";
  EXPECT_FALSE(walk.at_end());
}

TEST_F(Walk, SaysHowFarItIs) {
  append(0, 10);
  append(10, 10);
  ASSERT_TRUE(store_->remove(std::vector<Sequence>{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}));
  RowWalk walk(*store_, StoreFilter());
  EXPECT_EQ(walk.fraction(), 0);
  ASSERT_TRUE(walk.read_on());
  EXPECT_EQ(walk.fraction(), 0);
  for (int i = 0; i < 5; ++i) static_cast<void>(walk.take());
  EXPECT_DOUBLE_EQ(walk.fraction(), 0.5);
}

TEST_F(Walk, CountsDamagedRowsAndGoesOn) {
  append(0, 20);
  damage({7});
  RowWalk walk(*store_, StoreFilter());
  EXPECT_EQ(walked(walk).size(), 19u);
  EXPECT_EQ(walk.damaged(), 1u);
}

TEST_F(Walk, CountsDamagedRowsAgainstTheLimit) {
  append(0, 6);
  damage({0, 1, 3});
  RowWalk some(*store_, StoreFilter(), 4);
  EXPECT_EQ(numbers(some), (std::vector{-1, -2, 3, -4}));
  StoreFilter damaged;
  damaged.damaged_only = true;
  RowWalk one(*store_, damaged, 1);
  EXPECT_EQ(numbers(one), std::vector{-1});
  EXPECT_EQ(one.damaged(), 1u);
}

// Otherwise a replay of a few at a time would not come past damaged ones.
TEST_F(Walk, CountsNoDamagedRowsForWhoWantsWholeOnes) {
  append(0, 6);
  damage({0, 1, 3});
  RowWalk walk(*store_, StoreFilter(), 2);
  EXPECT_EQ(walked(walk), (std::vector<std::string>{"id-2", "id-4"}));
}

TEST_F(Walk, GivesWholeAndDamagedRowsInOrder) {
  append(0, 6);
  damage({0, 1, 3});
  RowWalk walk(*store_, StoreFilter());
  EXPECT_EQ(numbers(walk), (std::vector{-1, -2, 3, -4, 5, 6}));
}

}  // namespace
}  // namespace gateway::egress::test
