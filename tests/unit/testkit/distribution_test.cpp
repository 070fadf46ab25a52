#include "testkit/distribution.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace gateway::test {
namespace {

struct Drawn {
  double mean = 0;
  unsigned least = ~0U;
  unsigned most = 0;
};

Drawn draw(std::string_view text) {
  const auto distribution = Distribution::parse(text);
  EXPECT_TRUE(distribution) << distribution.error();
  constexpr int kCount = 100'000;
  Random random(11);
  Drawn drawn;
  double sum = 0;
  for (int i = 0; i < kCount; ++i) {
    const unsigned value = distribution->sample(random);
    sum += value;
    drawn.least = std::min(drawn.least, value);
    drawn.most = std::max(drawn.most, value);
  }
  drawn.mean = sum / kCount;
  return drawn;
}

TEST(Distribution, DrawsWithinItsBoundsAndAroundItsMean) {
  struct Row {
    const char* text;
    double mean;
    double tolerance;
    unsigned least;
    unsigned most;  // 0: no bound
  };
  for (const Row& row : {Row{"7", 7, 0, 7, 7}, Row{"0", 0, 0, 0, 0},
                         Row{"uniform:1-100", 50.5, 0.5, 1, 100}, Row{"uniform:5-5", 5, 0, 5, 5},
                         Row{"geometric:8", 8, 0.2, 1, 0}, Row{"geometric:1", 1, 0, 1, 1},
                         // The mean of 1..n with weights 1/k is n / H(n).
                         Row{"zipf:1-10", 10 / 2.928968, 0.05, 1, 10}}) {
    const Drawn drawn = draw(row.text);
    EXPECT_NEAR(drawn.mean, row.mean, row.tolerance) << row.text;
    EXPECT_EQ(drawn.least, row.least) << row.text;
    if (row.most != 0) EXPECT_EQ(drawn.most, row.most) << row.text;
  }
}

TEST(Distribution, TellsItselfAsItWasWritten) {
  for (const char* text : {"7", "uniform:1-100", "geometric:8", "zipf:2-1000"}) {
    EXPECT_EQ(Distribution::parse(text)->text(), text);
  }
}

TEST(Distribution, RefusesWhatItDoesNotUnderstand) {
  for (const char* text : {"", "x", "-1", "1.5", "uniform", "uniform:", "uniform:5-1", "uniform:1",
                           "geometric:0", "geometric:x", "zipf:0-5", "normal:1-2", "1000000"}) {
    const auto parsed = Distribution::parse(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_THAT(parsed.error(), testing::HasSubstr(text));
  }
}

}  // namespace
}  // namespace gateway::test
