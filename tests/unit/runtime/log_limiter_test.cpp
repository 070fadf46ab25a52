#include "runtime/log_limiter.hpp"

#include <gtest/gtest.h>

#include <optional>

namespace gateway {
namespace {

using namespace std::chrono_literals;

TEST(LogLimiter, TellsTheFirstAtOnceAndTheRestOnceAMinute) {
  LogLimiter limiter;
  const Instant start{1h};
  EXPECT_EQ(limiter.occurred(start), 1U);
  for (int i = 1; i <= 5; ++i) EXPECT_EQ(limiter.occurred(start + i * 10s), std::nullopt);
  EXPECT_EQ(limiter.occurred(start + 60s), 6U);
  EXPECT_EQ(limiter.occurred(start + 61s), std::nullopt);
  EXPECT_EQ(limiter.occurred(start + 10h), 2U);
}

}  // namespace
}  // namespace gateway
