#include "gateway/pipeline/target_room.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "gateway/pipeline/target_hints.hpp"
#include "unit/gateway/pipeline/ledger_support.hpp"

namespace gateway {
namespace {

using namespace std::chrono_literals;

class Target final : public Delivery {
 public:
  explicit Target(const config::Queue& limits) : Delivery(limits) {}
  [[nodiscard]] bool is_down() const noexcept override { return false; }
  [[nodiscard]] bool can_spool() const noexcept override { return spools; }
  void spool(Post& /*post*/, std::span<const EventSlot> /*events*/) override {}
  [[nodiscard]] std::chrono::seconds retry_after() override { return again; }

  bool spools = false;
  std::chrono::seconds again{1};
};

class TargetRoomTest : public testing::Test {
 protected:
  static constexpr std::size_t kUnknown = 2;
  static constexpr std::size_t kMostPosts = 3;

  static config::Queue limits() {
    config::Queue limits;
    limits.events = 10;
    return limits;
  }
  void fill(Target& target) {
    Post& post = ledger_.open(client_, Instant(1s), WallInstant());
    for (int n = 0; n < 10; ++n) target.queue().push(test::event(post, 0));
  }
  void wait_for(std::uint8_t target) {
    Post& post = ledger_.open(client_, Instant(1s), WallInstant());
    post.target = target;
    ledger_.expect(post, 1);
  }

  ShardMetrics metrics_;
  test::Client client_;
  Ledger ledger_{metrics_, 25s, 2};
  Target top_{limits()};
  Target other_{limits()};
  std::vector<Delivery*> both_{&top_, &other_};
  ByteShares shares_{4000, 2, 100};
  ByteLeases leases_{shares_, 1};
  TargetRoom room_{both_, ledger_, leases_, kMostPosts};
};

TEST_F(TargetRoomTest, OfOneTargetIsNotUsedUpByAnother) {
  fill(other_);
  EXPECT_TRUE(room_.refuses_all(1));
  EXPECT_FALSE(room_.admits(1, 1, 1));
  EXPECT_FALSE(room_.refuses_all(0));
  EXPECT_TRUE(room_.admits(0, 10, 1));
  EXPECT_FALSE(room_.refuses_all(kUnknown)) << "it may be for the other one";
  fill(top_);
  EXPECT_TRUE(room_.refuses_all(kUnknown));
}

TEST_F(TargetRoomTest, HasAPlaceForAFullTargetWithASpool) {
  fill(other_);
  other_.spools = true;
  EXPECT_FALSE(room_.refuses_all(1));
}

TEST_F(TargetRoomTest, IsBoundedInPostsAsTheyHoldConnections) {
  for (std::size_t n = 0; n < kMostPosts; ++n) {
    EXPECT_TRUE(room_.admits(1, 1, 1));
    wait_for(1);
  }
  EXPECT_FALSE(room_.admits(1, 1, 1));
  EXPECT_TRUE(room_.refuses_all(1));
  EXPECT_TRUE(room_.admits(0, 1, 1));
}

TEST_F(TargetRoomTest, TellsThoseOfAnUnknownTargetWhenTheFirstHasRoom) {
  top_.again = 7s;
  other_.again = 3s;
  EXPECT_EQ(room_.retry_after(0), 7s);
  EXPECT_EQ(room_.retry_after(kUnknown), 3s);
}

TEST_F(TargetRoomTest, GivesEachTargetItsShareOfTheBytes) {
  ByteLease::Units held;
  EXPECT_TRUE(room_.lease(1).try_take(1000, held));
  ByteLease::Units more;
  EXPECT_FALSE(room_.lease(1).try_take(1, more));
  EXPECT_TRUE(room_.lease(0).try_take(900, more));
  ByteLease::Units unknown;
  EXPECT_TRUE(room_.lease(kUnknown).try_take(500, unknown));
  EXPECT_EQ(room_.bytes_held(), 2400U);
  EXPECT_FALSE(unknown.move_to(room_.lease(1))) << "its share is taken";
  EXPECT_EQ(unknown.bytes(), 500U);
  held = ByteLease::Units();
  EXPECT_TRUE(unknown.move_to(room_.lease(1)));
  EXPECT_EQ(room_.lease(1).held(), 500U);
  EXPECT_EQ(room_.lease(kUnknown).held(), 0U);
}

TEST_F(TargetRoomTest, HoldsPostsToSeveralApartFromAllOthers) {
  ByteLease::Units held;
  EXPECT_TRUE(room_.lease_of_several().try_take(1000, held));
  ByteLease::Units more;
  EXPECT_FALSE(room_.lease_of_several().try_take(1, more));
  for (const std::size_t other : {std::size_t{0}, std::size_t{1}, kUnknown}) {
    ByteLease::Units units;
    EXPECT_TRUE(room_.lease(other).try_take(1000, units)) << other;
  }
  for (std::size_t n = 0; n < kMostPosts; ++n) {
    EXPECT_TRUE(room_.admits_several());
    wait_for(kUnknown);
  }
  EXPECT_FALSE(room_.admits_several());
  EXPECT_TRUE(room_.admits(0, 1, 1));
  EXPECT_FALSE(room_.refuses_all(kUnknown)) << "it may be for one alone";
}

TEST(ByteShares, OfOneTargetAreAllThereIs) {
  ByteShares shares(1000, 1, 100);
  ByteLeases leases(shares, 1);
  ByteLease::Units all;
  EXPECT_TRUE(leases.of(0).try_take(1000, all));
  EXPECT_EQ(&leases.of(0), &leases.of_several());
}

TEST(ByteShares, AreNotSmallerThanOnePost) {
  ByteShares shares(1000, 9, 400);
  ByteLeases leases(shares, 1);
  ByteLease::Units one;
  EXPECT_TRUE(leases.of(8).try_take(400, one));
}

TEST(TargetHints, SayWhereABucketGoesIfItsNameDoes) {
  TargetHints hints(3);
  hints.add("photos-1250000000", 1);
  hints.add("logs-1250000000", 2);
  hints.add("logs-1250000000", 2);
  hints.add("mixed-1250000000", 1);
  hints.add("mixed-1250000000", 0);
  EXPECT_EQ(hints.of("photos-1250000000"), 1U);
  EXPECT_EQ(hints.of("logs-1250000000"), 2U);
  EXPECT_EQ(hints.of("mixed-1250000000"), hints.unknown());
  EXPECT_EQ(hints.of("nobody-1250000000"), 0U);
  EXPECT_EQ(hints.of(""), 0U);
}

}  // namespace
}  // namespace gateway
