#include "cloud/shared_api.hpp"

#include <gtest/gtest.h>

namespace gateway::cloud {
namespace {

using namespace std::chrono_literals;

constexpr Instant kStart{std::chrono::hours(1)};

TEST(CallPace, SpreadsTheCallsOfAnAction) {
  CallPace pace;
  for (std::size_t i = 0; i < CallPace::kMostASecond; ++i) {
    EXPECT_EQ(pace.start("GetFunction", kStart), kStart);
  }
  EXPECT_EQ(pace.start("GetFunction", kStart), kStart + 1s);
  EXPECT_EQ(pace.start("ListTriggers", kStart), kStart) << "each action by itself";
  for (std::size_t i = 1; i < CallPace::kMostASecond; ++i) {
    EXPECT_EQ(pace.start("GetFunction", kStart), kStart + 1s);
  }
  EXPECT_EQ(pace.start("GetFunction", kStart), kStart + 2s);
  EXPECT_EQ(pace.start("GetFunction", kStart + 10s), kStart + 10s);
}

TEST(CallPace, HoldsUpAllAfterARefusalForLongerEachTime) {
  CallPace pace;
  pace.refused(kStart);
  pace.refused(kStart + 10ms);  // it was sent before the first one was refused
  EXPECT_EQ(pace.start("GetFunction", kStart), kStart + 1s);
  EXPECT_EQ(pace.start("ListTriggers", kStart), kStart + 1s);
  pace.refused(kStart + 1s);
  EXPECT_EQ(pace.start("ListTriggers", kStart + 1s), kStart + 3s);
  Instant now = kStart + 3s;
  for (int i = 0; i < 20; ++i) {
    pace.refused(now);
    now = pace.start("ListTriggers", now);
  }
  pace.refused(now);
  EXPECT_EQ(pace.start("ListTriggers", now), now + CallPace::kLongestPause);
  pace.accepted();
  now += CallPace::kLongestPause;
  pace.refused(now);
  EXPECT_EQ(pace.start("ListTriggers", now), now + 1s);
}

}  // namespace
}  // namespace gateway::cloud
