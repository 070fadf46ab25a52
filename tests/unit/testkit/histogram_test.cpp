#include "testkit/histogram.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "testkit/random.hpp"

namespace gateway::test {
namespace {

using Duration = Histogram::Duration;

TEST(Histogram, WithoutValuesIsAllZeros) {
  const Histogram histogram;
  EXPECT_EQ(histogram.count(), 0U);
  EXPECT_EQ(histogram.quantile(0.99), Duration(0));
  EXPECT_EQ(histogram.mean(), Duration(0));
  EXPECT_EQ(histogram.max(), Duration(0));
  EXPECT_TRUE(histogram.buckets().empty());
}

TEST(Histogram, SmallValuesAreExact) {
  Histogram histogram;
  for (int i = 1; i <= 100; ++i) histogram.add(Duration(i));
  EXPECT_EQ(histogram.quantile(0.5), Duration(50));
  EXPECT_EQ(histogram.quantile(0.99), Duration(99));
  EXPECT_EQ(histogram.quantile(1), Duration(100));
  EXPECT_EQ(histogram.mean(), Duration(50));
}

// Against the exact quantiles of values spread over nine magnitudes.
TEST(Histogram, QuantilesAreAtMostASixtyFourthTooHighAndNeverTooLow) {
  Histogram histogram;
  std::vector<std::int64_t> values;
  Random random(5);
  for (int i = 0; i < 20'000; ++i) {
    values.push_back(static_cast<std::int64_t>(std::exp(random.unit() * 21)));
    histogram.add(Duration(values.back()));
  }
  std::ranges::sort(values);
  for (const double share : {0.001, 0.1, 0.5, 0.9, 0.99, 0.999, 1.0}) {
    const auto rank = static_cast<std::size_t>(std::ceil(share * 20'000)) - 1;
    const auto exact = static_cast<double>(values[rank]);
    const auto told = static_cast<double>(histogram.quantile(share).count());
    EXPECT_GE(told, exact) << share;
    EXPECT_LE(told, exact * (1 + 1.0 / 64) + 1) << share;
  }
}

TEST(Histogram, BucketsHoldEveryValueAndAscend) {
  Histogram histogram;
  const std::vector<std::int64_t> values{0, 1, 127, 128, 129, 1'000'000, INT64_MAX};
  for (const std::int64_t value : values) histogram.add(Duration(value));
  const auto buckets = histogram.buckets();
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < buckets.size(); ++i) {
    sum += buckets[i].count;
    if (i != 0) EXPECT_LT(buckets[i - 1].upper, buckets[i].upper);
  }
  EXPECT_EQ(sum, values.size());
  EXPECT_EQ(buckets.back().upper, Duration(INT64_MAX));
}

TEST(Histogram, ANegativeDurationCountsAsNone) {
  Histogram histogram;
  histogram.add(Duration(-5));
  EXPECT_EQ(histogram.quantile(1), Duration(0));
  EXPECT_EQ(histogram.count(), 1U);
}

TEST(Histogram, SumIsThatOfBoth) {
  Histogram one;
  Histogram two;
  one.add(Duration(10));
  two.add(Duration(30));
  one.add(two);
  EXPECT_EQ(one.count(), 2U);
  EXPECT_EQ(one.mean(), Duration(20));
  EXPECT_EQ(one.max(), Duration(30));
  EXPECT_EQ(one.quantile(0.5), Duration(10));
}

}  // namespace
}  // namespace gateway::test
