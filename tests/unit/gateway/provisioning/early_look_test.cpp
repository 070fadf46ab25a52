#include "gateway/provisioning/early_look.hpp"

#include <gtest/gtest.h>

namespace gateway {
namespace {

using namespace std::chrono_literals;

class EarlyLookTest : public testing::Test {
 protected:
  bool due(std::uint64_t refused, std::chrono::seconds later = 1s) {
    now_ += later;
    return look_.due(refused, now_);
  }
  // Returns after how many seconds the next look is due, while a post is refused each second.
  std::chrono::seconds until_due() {
    for (auto waited = 1s; waited < 1h; ++waited) {
      if (due(++refused_)) return waited;
    }
    return 0s;
  }

  EarlyLook look_;
  Instant now_ = Instant{} + 1h;
  std::uint64_t refused_ = 0;
};

TEST_F(EarlyLookTest, IsNotDueWithoutARefusedPost) {
  EXPECT_FALSE(due(0));
  EXPECT_FALSE(due(0, 3600s));
}

TEST_F(EarlyLookTest, IsDueAtTheFirstRefusedPost) {
  EXPECT_TRUE(due(1));
  EXPECT_FALSE(due(1, 3600s)) << "it has been seen";
}

TEST_F(EarlyLookTest, ComesMoreAndMoreSeldomForSomebodyWhoHasNoKey) {
  EXPECT_EQ(until_due(), 1s);
  EXPECT_EQ(until_due(), 30s);
  EXPECT_EQ(until_due(), 60s);
  EXPECT_EQ(until_due(), 120s);
  EXPECT_EQ(until_due(), 240s);
  EXPECT_EQ(until_due(), 480s);
  EXPECT_EQ(until_due(), 600s);
  EXPECT_EQ(until_due(), 600s);
}

TEST_F(EarlyLookTest, IsOwedForAPostThatCameWithinAPause) {
  EXPECT_TRUE(due(1));
  EXPECT_FALSE(due(2));
  EXPECT_FALSE(due(2, 28s));
  EXPECT_TRUE(due(2));
}

TEST_F(EarlyLookTest, BeginsAnewAfterAQuietTime) {
  for (int i = 0; i < 4; ++i) static_cast<void>(until_due());
  EXPECT_TRUE(due(++refused_, 3600s));
  EXPECT_EQ(until_due(), 30s);
}

}  // namespace
}  // namespace gateway
