#include "gateway/egress/replay/resting_rows.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace gateway::egress {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;

constexpr Instant kBegin{};

TEST(RestingRows, EndTheirRestInTheOrderInWhichTheyBegan) {
  RestingRows resting;
  std::vector<Sequence> first = {7, 9};
  std::vector<Sequence> second = {3};
  resting.add(first, kBegin);
  resting.add(second, kBegin + 1s);
  EXPECT_EQ(resting.rows(), 3U);
  EXPECT_FALSE(resting.first_has_rested(2s, kBegin + 2s));
  EXPECT_TRUE(resting.first_has_rested(2s, kBegin + 2001ms));
  EXPECT_THAT(resting.first(), ElementsAre(7, 9));
  resting.remove_first();
  EXPECT_EQ(resting.rows(), 1U);
  EXPECT_FALSE(resting.first_has_rested(2s, kBegin + 3s));
  EXPECT_THAT(resting.first(), ElementsAre(3));
  resting.remove_first();
  EXPECT_TRUE(resting.empty());
  EXPECT_FALSE(resting.first_has_rested(2s, kBegin + 1h));
}

TEST(RestingRows, AreForgottenTogether) {
  RestingRows resting;
  std::vector<Sequence> rows = {1, 2};
  resting.add(rows, kBegin);
  resting.clear();
  EXPECT_TRUE(resting.empty());
  EXPECT_EQ(resting.rows(), 0U);
}

}  // namespace
}  // namespace gateway::egress
