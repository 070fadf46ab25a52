#include "runtime/cores.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <utility>

namespace gateway {
namespace {

TEST(CoresOfQuota, RoundsUpAndKnowsNoLimit) {
  const std::pair<const char*, unsigned> cases[] = {
      {"200000 100000", 2}, {"100000 100000", 1}, {"150000 100000", 2},
      {"50000 100000", 1},  {"1000 100000", 1},   {"250000 50000", 5},
      {"800000 100000", 8}, {"max 100000", 0},    {"", 0},
      {"-1 100000", 0},     {"100000", 0},        {"0 100000", 0},
      {"100000 0", 0},      {"nonsense", 0},      {" ", 0},
  };
  for (const auto& [text, cores] : cases) EXPECT_EQ(cores_of_quota(text), cores) << text;
}

TEST(UsableCores, AreAtLeastOneAndNoMoreThanAllowed) {
  const auto allowed = allowed_cores();
  ASSERT_FALSE(allowed.empty());
  EXPECT_TRUE(std::ranges::is_sorted(allowed));
  EXPECT_GE(usable_cores(), 1U);
  EXPECT_LE(usable_cores(), allowed.size());
}

}  // namespace
}  // namespace gateway
