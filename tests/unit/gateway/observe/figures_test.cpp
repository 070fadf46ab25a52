#include "gateway/observe/figures.hpp"

#include <gtest/gtest.h>

namespace gateway::observe {
namespace {

using namespace std::chrono_literals;

TEST(Figures, BytesAreRoundedInTheUnitThatSuits) {
  EXPECT_EQ(bytes_text(0), "0 B");
  EXPECT_EQ(bytes_text(12), "12 B");
  EXPECT_EQ(bytes_text(1023), "1023 B");
  EXPECT_EQ(bytes_text(1024), "1 KiB");
  EXPECT_EQ(bytes_text(1536), "1.5 KiB");
  EXPECT_EQ(bytes_text((std::uint64_t{1} << 20U) - 1), "1 MiB");
  EXPECT_EQ(bytes_text(std::uint64_t{10} << 30U), "10 GiB");
  EXPECT_EQ(bytes_text(std::uint64_t{5000} << 40U), "5000 TiB");
}

TEST(Figures, LapsesAreShort) {
  EXPECT_EQ(latency_text(1us), "under 0.01 ms");
  EXPECT_EQ(latency_text(420us), "0.42 ms");
  EXPECT_EQ(latency_text(12'300us), "12 ms");
  EXPECT_EQ(latency_text(1500ms), "1.5 s");
  EXPECT_EQ(latency_text(20s), "20 s");
}

TEST(Figures, StretchesHaveTwoUnitsAtMost) {
  EXPECT_EQ(duration_text(0s), "0 s");
  EXPECT_EQ(duration_text(119s), "119 s");
  EXPECT_EQ(duration_text(5min), "5 min");
  EXPECT_EQ(duration_text(3h + 5min + 59s), "3 h 5 min");
  EXPECT_EQ(duration_text(24h), "1 d");
  EXPECT_EQ(duration_text(100h), "4 d 4 h");
  EXPECT_EQ(duration_text(24h * 36'500), "36,500 d");
}

TEST(Figures, DistancesSayWhichWay) {
  EXPECT_EQ(relative_date_text(41 * 24h), "in 41 days");
  EXPECT_EQ(relative_date_text(1h), "in 1 hour");
  EXPECT_EQ(relative_date_text(-20h), "20 hours ago");
  EXPECT_EQ(relative_date_text(-72h), "3 days ago");
}

TEST(Figures, CountsAreGrouped) {
  EXPECT_EQ(count_text(0), "0");
  EXPECT_EQ(count_text(999), "999");
  EXPECT_EQ(count_text(1000), "1,000");
  EXPECT_EQ(count_text(1'234'567), "1,234,567");
}

}  // namespace
}  // namespace gateway::observe
