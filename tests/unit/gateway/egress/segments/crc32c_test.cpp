#include "gateway/egress/segments/crc32c.hpp"

#include <gtest/gtest.h>

#include <string>

namespace gateway::egress {
namespace {

// RFC 3720 appendix B.4, and the usual check value.
TEST(Crc32c, GivesTheKnownValues) {
  std::string ascending;
  for (char c = 0; c < 32; ++c) ascending += c;
  EXPECT_EQ(crc32c(std::string(32, '\0')), 0x8A9136AAU);
  EXPECT_EQ(crc32c(std::string(32, '\xFF')), 0x62A8AB43U);
  EXPECT_EQ(crc32c(ascending), 0x46DD794EU);
  EXPECT_EQ(crc32c("123456789"), 0xE3069283U);
  EXPECT_EQ(crc32c(""), 0U);
}

}  // namespace
}  // namespace gateway::egress
