#include "testkit/schedule.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>

namespace gateway::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Kind = Fault::Kind;

TEST(Schedule, PhasesFollowOneAnotherAndTheLastOneLasts) {
  const auto schedule = Schedule::parse("healthy 10s; fail70 300s; down 1m; healthy");
  ASSERT_TRUE(schedule) << schedule.error();
  EXPECT_EQ(schedule->at(seconds(0)).text, "healthy 10s");
  EXPECT_EQ(schedule->at(seconds(10)).text, "fail70 300s");
  EXPECT_TRUE(schedule->at(seconds(310)).down);
  EXPECT_EQ(schedule->at(seconds(370)).text, "healthy");
  EXPECT_EQ(schedule->at(std::chrono::hours(24)).text, "healthy");
}

TEST(Schedule, LatencyAndReadingSpeedAreRead) {
  const auto schedule = Schedule::parse("healthy latency=5ms..20ms read=2KiB 1s; dead latency=3ms");
  ASSERT_TRUE(schedule) << schedule.error();
  const Phase& first = schedule->phases()[0];
  EXPECT_EQ(first.least_latency, milliseconds(5));
  EXPECT_EQ(first.most_latency, milliseconds(20));
  EXPECT_EQ(first.read_size, 2048U);
  EXPECT_EQ(first.duration, milliseconds(1000));
  std::mt19937_64 random(1);
  for (int i = 0; i < 100; ++i) {
    const auto latency = first.latency(random);
    EXPECT_GE(latency, milliseconds(5));
    EXPECT_LE(latency, milliseconds(20));
  }
  EXPECT_EQ(schedule->phases()[1].latency(random), milliseconds(3));
  EXPECT_EQ(schedule->phases()[1].choose(random).kind, Kind::stall);
}

TEST(Schedule, AMixIsChosenFromByWeightAndTheSameSeedChoosesTheSame) {
  const auto schedule = Schedule::parse("mix(204=6, 503r=3, cut=1, reset=0)");
  ASSERT_TRUE(schedule) << schedule.error();
  const Phase& phase = schedule->phases()[0];
  std::mt19937_64 random(7);
  std::mt19937_64 again(7);
  std::map<Kind, int> kinds;
  std::map<unsigned, int> statuses;
  for (int i = 0; i < 10'000; ++i) {
    const Fault fault = phase.choose(random);
    EXPECT_EQ(fault, phase.choose(again));
    ++kinds[fault.kind];
    if (fault.kind == Kind::answer) ++statuses[fault.status];
    if (fault.kind == Kind::answer) EXPECT_EQ(fault.retry_after, fault.status == 503);
  }
  EXPECT_NEAR(statuses[204], 6000, 300);
  EXPECT_NEAR(statuses[503], 3000, 300);
  EXPECT_NEAR(kinds[Kind::cut], 1000, 200);
  EXPECT_EQ(kinds.count(Kind::reset), 0U);
}

TEST(Schedule, FailuresComeInTheShareThatIsAskedFor) {
  const auto schedule = Schedule::parse("fail70");
  ASSERT_TRUE(schedule);
  std::mt19937_64 random(3);
  int failures = 0;
  for (int i = 0; i < 10'000; ++i) {
    const Fault fault = schedule->phases()[0].choose(random);
    ASSERT_EQ(fault.kind, Kind::answer);
    if (fault.status >= 300) ++failures;
  }
  EXPECT_NEAR(failures, 7000, 300);
}

TEST(Schedule, OnlyConnectionsAreClosedEarly) {
  const auto schedule = Schedule::parse("mix(close-early=1,200=1)");
  ASSERT_TRUE(schedule);
  std::mt19937_64 random(3);
  int early = 0;
  for (int i = 0; i < 1000; ++i) {
    EXPECT_EQ(schedule->phases()[0].choose(random).kind, Kind::answer);
    if (schedule->phases()[0].close_early(random)) ++early;
  }
  EXPECT_NEAR(early, 500, 100);
}

TEST(Schedule, RefusesWhatItDoesNotUnderstandAndSaysWhat) {
  const std::map<std::string, std::string> cases{
      {"", "needs a phase"},
      {"healthy 1s;;down", "empty phase"},
      {"healthy; down", "needs a duration"},
      {"sick", "unknown phase 'sick'"},
      {"fail101", "unknown phase"},
      {"failx", "unknown phase"},
      {"mix()", "at least one weight"},
      {"mix(200=0)", "at least one weight"},
      {"mix(burn=1)", "unknown fault 'burn'"},
      {"mix(99=1)", "unknown fault '99'"},
      {"mix(200)", "needs a weight"},
      {"healthy 10", "no duration"},
      {"healthy latency=9ms..5ms", "no latency"},
      {"healthy read=0", "no size"},
  };
  for (const auto& [text, reason] : cases) {
    const auto schedule = Schedule::parse(text);
    ASSERT_FALSE(schedule) << text;
    EXPECT_THAT(schedule.error(), testing::HasSubstr(reason)) << text;
  }
}

TEST(RetryAfter, ComesInManySpellings) {
  std::mt19937_64 random(1);
  std::set<std::string> spellings;
  const std::chrono::sys_seconds now{seconds(784'111'776)};
  for (int i = 0; i < 2000; ++i) spellings.insert(retry_after_text(random, now));
  EXPECT_TRUE(spellings.contains("1"));
  EXPECT_TRUE(spellings.contains("soon"));
  EXPECT_TRUE(spellings.contains("Sun, 06 Nov 1994 08:49:37 GMT"));
  EXPECT_TRUE(spellings.contains("Sunday, 06-Nov-94 08:49:37 GMT"));
  EXPECT_TRUE(spellings.contains("Sun Nov  6 08:49:37 1994"));
}

}  // namespace
}  // namespace gateway::test
