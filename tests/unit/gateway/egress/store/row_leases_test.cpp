#include "gateway/egress/store/row_leases.hpp"

#include <gtest/gtest.h>

#include "support.hpp"

namespace gateway::egress {
namespace {

using namespace test;

class RowLeasesTest : public testing::Test {
 protected:
  [[nodiscard]] std::vector<Sequence> read(std::size_t max_rows = 1000, bool newest = false) {
    SpooledChunk chunk;
    EXPECT_TRUE(leases_.read(*store_, {0, max_rows, 10 * kMiB, newest}, chunk));
    std::vector<Sequence> rows;
    for (const auto& entry : chunk.rows.entries()) rows.push_back(entry.seq);
    return rows;
  }

  Directory directory_;
  std::unique_ptr<EventStore> store_ = open(directory_.file());
  RowLeases leases_;
};

TEST_F(RowLeasesTest, ReadsReturnedRowsThatAreFarApartOneAfterTheOther) {
  ASSERT_TRUE(store_->append(events(0, 1000), kAdded));
  ASSERT_EQ(read().size(), 1000U);
  leases_.give_back(0, std::vector<Sequence>{900, 3, 5, 60});
  EXPECT_EQ(read(), (std::vector<Sequence>{3, 5, 60}));
  EXPECT_EQ(read(), std::vector<Sequence>{900});
  EXPECT_TRUE(read().empty());
}

// Rows that come back again and again keep no others from being read.
TEST_F(RowLeasesTest, ReadsReturnedRowsAndNewOnesByTurns) {
  ASSERT_TRUE(store_->append(events(0, 200), kAdded));
  ASSERT_EQ(read(100).size(), 100U);
  leases_.give_back(0, std::vector<Sequence>{1, 2, 3});
  EXPECT_EQ(read(2), (std::vector<Sequence>{1, 2}));
  EXPECT_EQ(read(2), (std::vector<Sequence>{101, 102}));
  leases_.give_back(0, std::vector<Sequence>{1, 2});
  EXPECT_EQ(read(2), (std::vector<Sequence>{1, 2}));
  EXPECT_EQ(read(2), (std::vector<Sequence>{103, 104}));
  EXPECT_EQ(read(2), std::vector<Sequence>{3});
}

TEST_F(RowLeasesTest, ReadsTheNewestRowsAcrossNumbersThatAreNotThere) {
  constexpr Sequence kFar = 1'700'000'000'000'000;
  ASSERT_TRUE(store_->append(events(0, 2), kAdded));
  store_->skip_to(kFar);
  ASSERT_TRUE(store_->append(events(2, 1), kAdded));
  EXPECT_EQ(read(1, true), std::vector<Sequence>{kFar + 1});
  EXPECT_EQ(read(1, true), std::vector<Sequence>{2});
  EXPECT_EQ(read(1, true), std::vector<Sequence>{1});
}

TEST_F(RowLeasesTest, ReadsTheNewestRowsFromTheEnd) {
  ASSERT_TRUE(store_->append(events(0, 6), kAdded));
  EXPECT_EQ(read(1, true), std::vector<Sequence>{6});
  EXPECT_EQ(read(1, true), std::vector<Sequence>{5});
  leases_.give_back(0, std::vector<Sequence>{5});
  EXPECT_EQ(read(1), std::vector<Sequence>{5});
  EXPECT_EQ(read(), (std::vector<Sequence>{1, 2, 3, 4})) << "each row once";
  EXPECT_TRUE(read(1, true).empty());
  leases_.give_back(0, std::vector<Sequence>{2, 3});
  EXPECT_EQ(read(1, true), std::vector<Sequence>{3});
  ASSERT_TRUE(store_->append(events(6, 2), kAdded));
  EXPECT_EQ(read(1, true), std::vector<Sequence>{8});
  EXPECT_EQ(read(1, true), std::vector<Sequence>{7});
  EXPECT_EQ(read(), std::vector<Sequence>{2});
  EXPECT_TRUE(read().empty());
}

TEST_F(RowLeasesTest, FindsTheNewestRowsAlsoFarFromTheEnd) {
  ASSERT_TRUE(store_->append(events(0, 300), kAdded));
  for (Sequence row = 300; row > 100; --row) {
    ASSERT_EQ(read(1, true), std::vector<Sequence>{row});
    ASSERT_TRUE(store_->remove(std::vector<Sequence>{row}));
    leases_.forget(std::vector<Sequence>{row});
  }
  ASSERT_TRUE(store_->append(events(300, 1), kAdded));
  EXPECT_EQ(read(1, true), std::vector<Sequence>{301});
  EXPECT_EQ(read().size(), 100U) << "each row once";
}

TEST_F(RowLeasesTest, LeasesAgainWhatDidNotArrive) {
  ASSERT_TRUE(store_->append(events(0, 6), kAdded));
  ASSERT_EQ(read(4).size(), 4U);
  leases_.arrived(false);
  EXPECT_EQ(read(), (std::vector<Sequence>{1, 2, 3, 4}));
  leases_.arrived(true);
  EXPECT_EQ(read(), (std::vector<Sequence>{5, 6}));
}

TEST_F(RowLeasesTest, PassesOverReturnedRowsThatWereRemoved) {
  ASSERT_TRUE(store_->append(events(0, 4), kAdded));
  ASSERT_EQ(read(2).size(), 2U);
  leases_.give_back(0, std::vector<Sequence>{1, 2});
  ASSERT_TRUE(store_->remove(std::vector<Sequence>{1, 2}));
  EXPECT_EQ(read(), (std::vector<Sequence>{3, 4})) << "there are others";
}

TEST_F(RowLeasesTest, ForgetsReturnedRowsThatWentWithTheirFile) {
  ASSERT_TRUE(store_->append(events(0, 4), kAdded));
  ASSERT_EQ(read(2).size(), 2U);
  leases_.give_back(0, std::vector<Sequence>{1, 2});
  std::filesystem::remove(directory_.segment());
  ASSERT_TRUE(store_->look(false));
  EXPECT_TRUE(read().empty());
  leases_.arrived(true);
  SpooledChunk chunk;
  ASSERT_TRUE(leases_.read(*store_, {0, 1000, kMiB, false}, chunk));
  EXPECT_TRUE(chunk.end) << "else it would be asked for at once, for ever";
}

TEST_F(RowLeasesTest, CountsOnlyRowsThatWereThereWhenTheCountBegan) {
  std::vector<StoredEvent> some = events(0, 3);
  some[1].target = "http://gone";
  ASSERT_TRUE(store_->append(some, kAdded));
  leases_.begin_count(*store_);
  ASSERT_TRUE(store_->append(some, kAdded));
  while (leases_.counting()) ASSERT_TRUE(leases_.count_on(*store_));
  EXPECT_EQ(leases_.unclaimed(), 1U);
}

}  // namespace
}  // namespace gateway::egress
