#include "events/number_text.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <optional>

namespace gateway {
namespace {

TEST(NumberText, IsReadAsAWhole) {
  EXPECT_EQ(read_number<unsigned>("0"), 0U);
  EXPECT_EQ(read_number<unsigned>("007"), 7U);
  EXPECT_EQ(read_number<int>("-12"), -12);
  EXPECT_EQ(read_number<double>("2.5"), 2.5);
  for (const auto* const text : {"", " 1", "1 ", "1x", "x", "+1", "0x1", "1.0", "-", "--1"}) {
    EXPECT_EQ(read_number<int>(text), std::nullopt) << text;
  }
}

TEST(NumberText, IsOfTheRangeOfItsType) {
  EXPECT_EQ(read_number<std::uint16_t>("65535"), 65535);
  EXPECT_EQ(read_number<std::uint16_t>("65536"), std::nullopt);
  EXPECT_EQ(read_number<unsigned>("-1"), std::nullopt);
  EXPECT_EQ(read_number<std::int64_t>("-9223372036854775808"),
            std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(read_number<std::int64_t>("9223372036854775808"), std::nullopt);
}

}  // namespace
}  // namespace gateway
