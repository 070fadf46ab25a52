#include "runtime/byte_budget.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <optional>
#include <random>
#include <thread>
#include <utility>
#include <vector>

namespace gateway {
namespace {

using Units = ByteLease::Units;

TEST(ByteBudget, GivesUpToItsLimit) {
  ByteBudget budget(100);
  EXPECT_TRUE(budget.try_take(60));
  EXPECT_FALSE(budget.try_take(41));
  EXPECT_EQ(budget.free(), 40U);
  EXPECT_TRUE(budget.try_take(40));
  EXPECT_FALSE(budget.try_take(1));
  EXPECT_TRUE(budget.try_take(0));
  budget.put(100);
  EXPECT_EQ(budget.free(), budget.limit());
}

// One lease of a budget of 1,600 bytes, in blocks of 100.
class SmallByteLease : public testing::Test {
 protected:
  ByteBudget budget_{1600};
  ByteLease lease_{budget_, 1};
  Units units_;
};

TEST_F(SmallByteLease, GivesItsBytesBackWhenTheirUnitsDie) {
  {
    Units units;
    ASSERT_TRUE(lease_.try_take(500, units));
    EXPECT_EQ(units.bytes(), 500U);
    EXPECT_EQ(lease_.held(), 500U);
    EXPECT_LE(budget_.free(), 1100U);
  }
  EXPECT_EQ(lease_.held(), 0U);
}

TEST_F(SmallByteLease, TakesBackWhatUnitsShrinkBy) {
  ASSERT_TRUE(lease_.try_take(1500, units_));
  units_.shrink_to(2000);
  EXPECT_EQ(units_.bytes(), 1500U);
  units_.shrink_to(100);
  EXPECT_EQ(units_.bytes(), 100U);
  EXPECT_EQ(lease_.held(), 100U);
  Units others;
  EXPECT_TRUE(lease_.try_take(1500, others));
}

TEST(ByteLease, ServesSmallTakesFromABlock) {
  ByteBudget budget(16'000);  // blocks of 1000
  ByteLease lease(budget, 1);
  std::vector<Units> posts(10);
  ASSERT_TRUE(lease.try_take(100, posts[0]));
  const std::size_t free = budget.free();
  for (std::size_t i = 1; i < posts.size(); ++i) ASSERT_TRUE(lease.try_take(100, posts[i]));
  EXPECT_EQ(budget.free(), free) << "the shared counter was not touched";
  EXPECT_EQ(lease.held(), 1000U);
}

TEST(ByteLease, GivesBackWhatItHoldsIdleBeyondTwoBlocks) {
  ByteBudget budget(16'000);
  ByteLease lease(budget, 1);
  Units units;
  ASSERT_TRUE(lease.try_take(10'000, units));
  units = Units();
  EXPECT_GE(budget.free(), 16'000U - 2 * 1000U);
}

TEST_F(SmallByteLease, GivesTheLastByteOfTheBudget) {
  Units all;
  EXPECT_TRUE(lease_.try_take(1600, all)) << "no block fits beside it";
  Units more;
  EXPECT_FALSE(lease_.try_take(1, more));
  EXPECT_EQ(more.bytes(), 0U);
  EXPECT_EQ(lease_.held(), 1600U);
}

TEST_F(SmallByteLease, LeavesUnitsAloneWhenTheBudgetDoesNotGive) {
  ASSERT_TRUE(lease_.try_take(400, units_));
  EXPECT_FALSE(lease_.try_take(1300, units_));
  EXPECT_EQ(units_.bytes(), 400U);
  EXPECT_EQ(lease_.held(), 400U);
}

TEST_F(SmallByteLease, UnitsGrow) {
  ASSERT_TRUE(lease_.try_take(100, units_));
  EXPECT_TRUE(units_.grow_to(1000));
  EXPECT_EQ(units_.bytes(), 1000U);
  EXPECT_TRUE(units_.grow_to(200)) << "they never shrink";
  EXPECT_EQ(units_.bytes(), 1000U);
  EXPECT_FALSE(units_.grow_to(1601));
  EXPECT_EQ(units_.bytes(), 1000U);
  EXPECT_EQ(lease_.held(), 1000U);
}

TEST_F(SmallByteLease, UnitsMoveWithoutGivingBack) {
  Units a;
  ASSERT_TRUE(lease_.try_take(300, a));
  Units b = std::move(a);
  EXPECT_EQ(lease_.held(), 300U);
  Units c;
  c = std::move(b);
  EXPECT_EQ(c.bytes(), 300U);
  EXPECT_EQ(lease_.held(), 300U);
  c = Units();
  EXPECT_EQ(lease_.held(), 0U);
}

TEST(ByteLease, GivesBackItsIdleBytesAtTheEnd) {
  ByteBudget budget(16'000);
  {
    ByteLease lease(budget, 1);
    Units units;
    ASSERT_TRUE(lease.try_take(10, units));
    EXPECT_LT(budget.free(), 16'000U - 10U);
  }
  EXPECT_EQ(budget.free(), 16'000U);
}

TEST(ByteLease, AnIdleLeaseLeavesTheOthersSevenEighths) {
  ByteBudget budget(32'000);
  ByteLease idle(budget, 2);
  ByteLease busy(budget, 2);
  Units units;
  ASSERT_TRUE(idle.try_take(20'000, units));
  units = Units();
  EXPECT_TRUE(busy.try_take(28'000, units));
}

TEST(ByteLease, TwoLeasesNeverHoldMoreThanTheBudget) {
  constexpr std::size_t kLimit = 10'000;
  ByteBudget budget(kLimit);
  std::optional<ByteLease> leases[2];
  for (auto& lease : leases) lease.emplace(budget, 2);
  {
    std::vector<Units> held[2];
    unsigned random = 7;
    unsigned refused = 0;
    for (int step = 0; step < 20'000; ++step) {
      random = random * 1664525 + 1013904223;
      const std::size_t which = (random >> 30) & 1;
      const std::size_t bytes = (random >> 8) % 900 + 1;
      auto& units = held[which];
      if ((random >> 20) % 5 < 3) {
        Units taken;
        if (leases[which]->try_take(bytes, taken)) {
          units.push_back(std::move(taken));
        } else {
          ++refused;
        }
      } else if (!units.empty()) {
        units.erase(units.begin() + static_cast<std::ptrdiff_t>(bytes % units.size()));
      }
      std::size_t sum[2] = {0, 0};
      for (std::size_t i = 0; i < 2; ++i) {
        for (const auto& unit : held[i]) sum[i] += unit.bytes();
        ASSERT_EQ(leases[i]->held(), sum[i]);
      }
      ASSERT_LE(sum[0] + sum[1] + budget.free(), kLimit);
    }
    EXPECT_GT(refused, 100U) << "the limit was reached";
  }
  for (auto& lease : leases) lease.reset();
  EXPECT_EQ(budget.free(), kLimit);
}

TEST(ByteLease, GivesWhatOthersHoldIdle) {
  ByteBudget budget(8 << 20);
  ByteLease busy(budget, 2);
  ByteLease other(budget, 2);
  Units large;
  ASSERT_TRUE(busy.try_take(budget.limit(), large)) << "a legal post of an idle gateway";
  large = Units();
  for (int i = 0; i < 20; ++i) {
    for (ByteLease* const lease : {&busy, &other}) {
      Units small;
      ASSERT_TRUE(lease->try_take(1000, small));
    }
  }
  EXPECT_GT(other.idle(), 0U);
  ASSERT_TRUE(busy.try_take(budget.limit(), large));
  EXPECT_EQ(other.idle(), 0U);
  Units small;
  EXPECT_FALSE(other.try_take(1, small));
}

TEST(ByteLease, GivesAllThatOthersDoNotUse) {
  ByteBudget budget(8 << 20);
  ByteLease a(budget, 2);
  ByteLease b(budget, 2);
  Units used;
  ASSERT_TRUE(a.try_take(1000, used));
  Units rest;
  EXPECT_TRUE(b.try_take(budget.limit() - 1000, rest));
  Units more;
  EXPECT_FALSE(b.try_take(1, more));
  EXPECT_FALSE(a.try_take(1, more));
  EXPECT_EQ(a.held() + b.held(), budget.limit());
}

TEST(ByteLease, KeepsTheBudgetExactWhenLeasesTakeFromEachOther) {
  constexpr std::size_t kLimit = 64 << 10;
  ByteBudget budget(kLimit);
  std::atomic<std::size_t> used{0};
  std::atomic<std::size_t> most{0};
  const auto shard = [&](unsigned seed) {
    ByteLease lease(budget, 4);
    std::minstd_rand random(seed);
    for (int i = 0; i < 20'000; ++i) {
      const std::size_t bytes = i % 100 == 0 ? kLimit / 2 : random() % 2000;
      Units units;
      if (!lease.try_take(bytes, units)) continue;
      const std::size_t now = used.fetch_add(bytes) + bytes;
      std::size_t before = most.load();
      while (before < now && !most.compare_exchange_weak(before, now)) {
      }
      used.fetch_sub(bytes);
    }
  };
  std::vector<std::thread> shards;
  for (unsigned i = 1; i <= 4; ++i) shards.emplace_back(shard, i);
  for (std::thread& thread : shards) thread.join();
  EXPECT_LE(most.load(), kLimit);
  EXPECT_EQ(budget.free(), kLimit) << "nothing is lost between them";
}

}  // namespace
}  // namespace gateway
