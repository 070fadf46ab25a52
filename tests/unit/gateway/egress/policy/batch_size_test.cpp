#include "gateway/egress/policy/batch_size.hpp"

#include <gtest/gtest.h>

#include "support/start.hpp"

namespace gateway::egress {
namespace {

using namespace std::chrono_literals;
using test::kStart;

TEST(BatchSize, StartsLarge) {
  const BatchSize size;
  EXPECT_EQ(size.bytes(), BatchSize::kMostBytes);
  EXPECT_EQ(BatchSize::events(0), BatchSize::kMostEvents);
}

TEST(BatchSize, SharesARequestWithFewerFromAttemptToAttempt) {
  for (unsigned attempts = 0; attempts < 100; ++attempts) {
    EXPECT_GE(BatchSize::events(attempts), 1U);
    EXPECT_LE(BatchSize::events(attempts + 1), BatchSize::events(attempts));
  }
  EXPECT_EQ(BatchSize::events(7), 1U) << "alone in the end";
}

TEST(BatchSize, TakesTheSizeThatARefusalNames) {
  const struct {
    const char* said;
    std::size_t bytes;
  } cases[] = {
      {"request body exceeds 262144 bytes", 262'144},
      {R"({"error":"too large","limit":262144})", 262'144},
      {"413: max 256KiB", 262'144},
      {"413: max 256 KB (request 7d41f2)", 262'144},
      {"limit is 0.5 MB", 500'000},
      {"<html>413 Request Entity Too Large 2026-11-28 19:30:00</html>", 500'000},
      {"at 1764357000123: no", 500'000},
      {"", 500'000},
  };
  for (const auto& c : cases) {
    BatchSize size;
    size.too_large(1'000'000, c.said, kStart);
    EXPECT_EQ(size.bytes(), c.bytes) << c.said;
  }
}

// A receiver with a bound that it does not name.
TEST(BatchSize, ClosesInOnABoundAndStaysBelowIt) {
  constexpr std::size_t kBound = 300'000;
  BatchSize size;
  Instant now = kStart;
  unsigned refusals = 0;
  for (int i = 0; i < 300; ++i, now += 1s) {
    const std::size_t sent = size.bytes();
    if (sent > kBound) {
      ++refusals;
      size.too_large(sent, "no", now);
    } else {
      size.accepted(sent, now);
    }
  }
  EXPECT_LE(refusals, 4U);
  EXPECT_GT(size.bytes(), kBound * 3 / 4);
  EXPECT_LE(size.bytes(), kBound);
}

TEST(BatchSize, LearnsNothingOfSmallRequests) {
  BatchSize size;
  size.too_large(200'000, "", kStart);
  for (int i = 0; i < 1000; ++i) size.accepted(10'000, kStart);
  EXPECT_EQ(size.bytes(), 100'000U);
}

TEST(BatchSize, ForgetsABoundInTime) {
  BatchSize size;
  size.too_large(200'000, "", kStart);
  for (int i = 0; i < 1000; ++i) size.accepted(size.bytes(), kStart + 9min);
  EXPECT_LT(size.bytes(), 200'000U);
  for (int i = 0; i < 1000; ++i) size.accepted(size.bytes(), kStart + 10min);
  EXPECT_EQ(size.bytes(), BatchSize::kMostBytes);
}

TEST(BatchSize, HasALeast) {
  BatchSize size;
  for (int i = 0; i < 100; ++i) size.too_large(size.bytes(), "", kStart);
  EXPECT_EQ(size.bytes(), BatchSize::kLeastBytes);
}

}  // namespace
}  // namespace gateway::egress
