#include "gateway/observe/history.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>

namespace gateway::observe {
namespace {

using std::chrono::seconds;

class HistoryTest : public testing::Test {
 protected:
  void after(seconds time) {
    now_ += time;
    history_.look(seen_, now_);
  }
  boost::json::array points() {
    return boost::json::parse(history_.json()).at("points").as_array();
  }

  Snapshot seen_;
  Instant now_ = Instant{} + std::chrono::hours(1);
  History history_;
};

TEST_F(HistoryTest, TheFirstLookHasNothingToCompareWith) {
  after(seconds(1));
  EXPECT_EQ(history_.size(), 0U);
  EXPECT_EQ(history_.json(), "{\"step_seconds\":10,\"points\":[]}\n");
}

TEST_F(HistoryTest, APointIsTheRateSinceTheLast) {
  after(seconds(1));
  seen_.received = 100;
  seen_.delivered = 40;
  seen_.replayed = 10;
  seen_.dead_lettered = 20;
  after(seconds(5));
  EXPECT_EQ(history_.size(), 0U) << "ten seconds have not passed";
  after(seconds(5));
  ASSERT_EQ(history_.size(), 1U);
  const auto point = points()[0];
  EXPECT_EQ(point.at("received").to_number<double>(), 10);
  EXPECT_EQ(point.at("delivered").to_number<double>(), 5);
  EXPECT_EQ(point.at("given_up").to_number<double>(), 2);
  EXPECT_TRUE(point.at("p50").is_null()) << "no post was answered";
}

TEST_F(HistoryTest, TimesAreThoseOfThePostsSinceTheLastPoint) {
  seen_.post_duration.counts[3] = 1000;
  after(seconds(1));
  seen_.post_duration.counts[0] += 99;
  seen_.post_duration.counts[5] += 1;
  after(seconds(10));
  const auto point = points()[0];
  EXPECT_LT(point.at("p50").to_number<double>(), Histogram::bound(0));
  EXPECT_LE(point.at("p99").to_number<double>(), Histogram::bound(0));
}

TEST_F(HistoryTest, AnHourIsKeptAndNoMore) {
  for (std::size_t i = 0; i < History::kPoints + 50; ++i) {
    seen_.received += i;
    after(History::kStep);
  }
  EXPECT_EQ(history_.size(), History::kPoints);
  EXPECT_EQ(points().back().at("received").to_number<double>(),
            static_cast<double>(History::kPoints + 49) / 10);
}

TEST(QuantileTest, OfNothingIsNothing) {
  EXPECT_FALSE(quantile(0.5, {}).has_value());
}

TEST(QuantileTest, BeyondTheLastBoundIsTheLastBound) {
  std::array<std::uint64_t, Histogram::kBuckets> counts{};
  counts.back() = 5;
  EXPECT_EQ(quantile(0.5, counts), Histogram::bound(Histogram::kBuckets - 2));
}

}  // namespace
}  // namespace gateway::observe
