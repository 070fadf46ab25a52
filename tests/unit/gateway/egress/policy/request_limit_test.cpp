#include "gateway/egress/policy/request_limit.hpp"

#include <gtest/gtest.h>

namespace gateway::egress {
namespace {

TEST(RequestLimit, IsLearnedFromTwoEndsAtTheSameNumber) {
  RequestLimit limit;
  EXPECT_EQ(limit.value(), 0U);
  limit.announced(100);
  EXPECT_EQ(limit.value(), 0U) << "one may have any reason";
  limit.announced(100);
  EXPECT_EQ(limit.value(), 100U);
  limit.announced(100);
  EXPECT_EQ(limit.value(), 100U);
}

TEST(RequestLimit, IsNoneWhereTheNumbersDiffer) {
  RequestLimit limit;
  for (const std::uint32_t answers : {100U, 97U, 103U, 100U, 99U}) {
    limit.announced(answers);
    EXPECT_EQ(limit.value(), 0U);
  }
}

TEST(RequestLimit, OfOneIsAServerWithoutKeepAlive) {
  RequestLimit limit;
  limit.announced(1);
  limit.announced(1);
  EXPECT_EQ(limit.value(), 0U);
}

TEST(RequestLimit, IsForgottenWhenAConnectionOutlivesIt) {
  RequestLimit limit;
  limit.announced(100);
  limit.announced(100);
  limit.outlived(99);
  EXPECT_EQ(limit.value(), 100U);
  limit.outlived(100);
  EXPECT_EQ(limit.value(), 0U);
  limit.announced(100);
  EXPECT_EQ(limit.value(), 0U);
}

}  // namespace
}  // namespace gateway::egress
