#include "cloud/function_mark.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <set>
#include <string>
#include <vector>

#include "support/wanted_relay.hpp"

namespace gateway::cloud {
namespace {

TEST(FunctionMark, IsReadBackFromTheDescription) {
  const FunctionMark mark = mark_of(test::wanted_relay());
  const auto read = parse_mark(mark.description());
  ASSERT_TRUE(read);
  EXPECT_EQ(read->code, mark.code);
  EXPECT_EQ(read->settings, mark.settings);
}

TEST(FunctionMark, KeepsToTheCharactersOfADescription) {
  EXPECT_THAT(mark_of(test::wanted_relay()).description(),
              testing::MatchesRegex("Managed by cos gateway\\. Code [0-9a-f]+, settings [0-9a-f]+, "
                                    "bucket [0-9a-f]+\\."));
  FunctionMark whole = mark_of(test::wanted_relay(), 1'767'322'800'123);
  Succession succession;
  succession.heir = identity_of("default", "next");
  succession.generation = 1'767'322'900'000;
  succession.since = std::chrono::sys_seconds(std::chrono::seconds(1'767'322'901));
  whole.succession = succession;
  EXPECT_THAT(
      whole.description(),
      testing::MatchesRegex("Managed by cos gateway\\. Code [0-9a-f]+, settings [0-9a-f]+, bucket "
                            "[0-9a-f]+, generation 1767322800123\\. Superseded by [0-9a-f]+, "
                            "generation 1767322900000 since 1767322901\\."));
  const auto read = parse_mark(whole.description());
  ASSERT_TRUE(read);
  EXPECT_EQ(read->description(), whole.description());
  EXPECT_EQ(read->succession, succession);
}

TEST(FunctionMark, NamesLocationsAtItsEnd) {
  FunctionMark mark = mark_of(test::wanted_relay(), 17);
  const std::string before = mark.description();
  const std::set<Location> locations{
      {"ap-beijing", "default"}, {"eu-frankfurt", "my_space-2_"}, {"na-udine", "d-u_d"}};
  mark.locations = locations;
  const std::string text = mark.description();
  EXPECT_TRUE(text.starts_with(before)) << "releases that do not know them read the rest: " << text;
  EXPECT_THAT(text, testing::MatchesRegex("[A-Za-z0-9 ,.]+"));
  EXPECT_EQ(parse_mark(text)->locations, locations);
  EXPECT_EQ(parse_mark(text)->generation, 17);

  Succession succession;
  succession.heir = identity_of("default", "next");
  mark.succession = succession;
  EXPECT_EQ(parse_mark(mark.description())->locations, locations);
  EXPECT_EQ(parse_mark(mark.description())->succession, succession);
}

TEST(FunctionMark, LeavesOutLocationsThatItHasNoRoomFor) {
  FunctionMark mark = mark_of(test::wanted_relay());
  for (int i = 0; i < 39; ++i) mark.add_bucket("bucket" + std::to_string(i));
  std::set<Location> locations;
  for (int i = 10; i < 99; ++i) locations.emplace("ap-region-" + std::to_string(i), "default");
  mark.locations = locations;
  EXPECT_LE(mark.description().size(), 1'000U);
  const auto read = parse_mark(mark.description());
  EXPECT_EQ(read->buckets, mark.buckets);
  EXPECT_GT(read->locations.size(), 3U);
  for (const Location& location : read->locations) EXPECT_TRUE(locations.contains(location));
}

TEST(FunctionMark, BearsLocationsThatAreNone) {
  const std::string front =
      "Managed by cos gateway. Code 0123456789abcdef, settings fedcba9876543210. Locations ";
  for (const std::string rest : {"", ".", "ap", "ap ", "ap .", " default.", ".d .u", "a b c."}) {
    const auto mark = parse_mark(front + rest);
    ASSERT_TRUE(mark) << rest;
    for (const Location& location : mark->locations) {
      EXPECT_FALSE(location.region.empty() || location.space.empty()) << rest;
    }
  }
}

TEST(FunctionMark, IsKnownByItsBeginningAlone) {
  EXPECT_FALSE(parse_mark(""));
  EXPECT_FALSE(parse_mark("auto-created function"));
  EXPECT_FALSE(parse_mark("Was managed by cos gateway."));
  for (const std::string text :
       {"Managed by cos gateway.", "Managed by cos gateway. Code abc, settings 12.",
        "Managed by cos gateway. Version 2."}) {
    const auto mark = parse_mark(text);
    ASSERT_TRUE(mark) << text;
    EXPECT_EQ(mark->code, "");
    EXPECT_EQ(mark->settings, "");
  }
}

TEST(FunctionMark, OfAnOlderReleaseHasNoGeneration) {
  const auto mark =
      parse_mark("Managed by cos gateway. Code 0123456789abcdef, settings fedcba9876543210.");
  ASSERT_TRUE(mark);
  EXPECT_EQ(mark->code, "0123456789abcdef");
  EXPECT_EQ(mark->settings, "fedcba9876543210");
  EXPECT_THAT(mark->buckets, testing::IsEmpty());
  EXPECT_EQ(mark->generation, 0);
  EXPECT_FALSE(mark->succession);
}

TEST(FunctionMark, BearsNumbersThatAreNone) {
  const std::string front =
      "Managed by cos gateway. Code 0123456789abcdef, settings fedcba9876543210";
  for (const std::string rest :
       {", bucket , generation .", ", generation x", ", generation -5", ". Superseded by ",
        ", generation 99999999999999999999999. Superseded by abc, generation  since ."}) {
    const auto mark = parse_mark(front + rest);
    ASSERT_TRUE(mark) << rest;
    EXPECT_GE(mark->generation, 0) << rest;
    EXPECT_EQ(mark->settings, "fedcba9876543210") << rest;
  }
}

TEST(FunctionMark, TellsCodeAndSettingsApart) {
  const FunctionMark before = mark_of(test::wanted_relay());
  Wanted other = test::wanted_relay();
  InlineCode code;
  code.zip = "PK-other";
  other.code = code;
  EXPECT_NE(mark_of(other).code, before.code);
  EXPECT_EQ(mark_of(other).settings, before.settings);
}

TEST(FunctionMark, ChangesWithEverySetting) {
  const std::vector<std::function<void(Wanted&)>> changes{
      [](Wanted&) {},
      [](Wanted& wanted) { wanted.buckets[0].endpoint.region = "ap-beijing"; },
      [](Wanted& wanted) { wanted.buckets[0].events.pop_back(); },
      [](Wanted& wanted) { wanted.buckets[0].prefix.clear(); },
      [](Wanted& wanted) { std::swap(wanted.buckets[0].prefix, wanted.buckets[0].suffix); },
      [](Wanted& wanted) { wanted.runtime = "Nodejs16.13"; },
      [](Wanted& wanted) { wanted.handler = "index.handler"; },
      [](Wanted& wanted) { wanted.memory_mb = 256; },
      [](Wanted& wanted) { wanted.timeout = std::chrono::seconds(61); },
      [](Wanted& wanted) { wanted.environment[0].second = "other"; },
      [](Wanted& wanted) { wanted.environment.pop_back(); },
      [](Wanted& wanted) { wanted.retries = 0; },
      [](Wanted& wanted) { wanted.max_age = std::chrono::seconds(60); },
  };
  std::set<std::string> marks;
  for (const auto& change : changes) {
    Wanted wanted = test::wanted_relay();
    change(wanted);
    marks.insert(mark_of(wanted).settings);
  }
  EXPECT_EQ(marks.size(), changes.size());
}

TEST(FunctionMark, DoesNotDependOnTheOrderOfVariables) {
  Wanted wanted = test::wanted_relay();
  const FunctionMark before = mark_of(wanted);
  std::swap(wanted.environment[0], wanted.environment[1]);
  EXPECT_EQ(mark_of(wanted).description(), before.description());
}

}  // namespace
}  // namespace gateway::cloud
