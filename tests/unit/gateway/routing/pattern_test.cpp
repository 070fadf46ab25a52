#include "gateway/routing/pattern.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <utility>

#include "support/allocation_counter.hpp"

namespace gateway::routing {
namespace {

Pattern pattern(std::string_view text) {
  auto compiled = Pattern::compile(text);
  if (!compiled) ADD_FAILURE() << text << ": " << compiled.error().text();
  return compiled ? std::move(*compiled) : Pattern::begins_with("");
}

void expect_matches(std::string_view text, std::initializer_list<std::string_view> keys) {
  const Pattern glob = pattern(text);
  for (const auto key : keys) EXPECT_TRUE(glob.matches(key)) << text << " and " << key;
}
void expect_misses(std::string_view text, std::initializer_list<std::string_view> keys) {
  const Pattern glob = pattern(text);
  for (const auto key : keys) EXPECT_FALSE(glob.matches(key)) << text << " and " << key;
}

TEST(Pattern, MatchesTheWholeKey) {
  expect_matches("logs/a.txt", {"logs/a.txt"});
  expect_misses("logs/a.txt", {"", "logs/a.tx", "logs/a.txt.gz", "x/logs/a.txt", "Logs/a.txt"});
}

TEST(Pattern, HasAStarStayWithinASegment) {
  expect_matches("*.jpg", {".jpg", "a.jpg", "a.b.jpg", "\xE6\x97\xA5.jpg"});
  expect_misses("*.jpg", {"a/b.jpg", "a.jpg/", "ajpg"});
  expect_matches("a/*/c", {"a/b/c", "a//c", "a/bb/c"});
  expect_misses("a/*/c", {"a/c", "a/b/b/c"});
  expect_matches("*a*b*", {"ab", "xaxbx", "aab", "aabb"});
  expect_misses("*a*b*", {"ba", "a/b", "xax"});
  expect_matches("*a/b*c", {"xa/bya"
                            "c",
                            "a/bc"});
  expect_misses("*a/b*c", {"xa/bya/bzc"});
}

TEST(Pattern, EndsASegmentWhereALiteralGoesOnWithASlash) {
  expect_matches("*/cache/**", {"a/cache/", "a/cache/b/c", "/cache/x"});
  expect_misses("*/cache/**", {"a/b/cache/x", "a/cache", "cache/x", "a", "", "/"});
  expect_matches("*/a*/b*", {"x/a/b", "/ay/bz"});
  expect_misses("*/a*/b*", {"x/y/a/b", "x/a/c/b", "x/a/b/"});
  expect_matches("**x*/y/**z", {"x/y/z", "a/x/x1/y/b/z", "x/x/y/xz"});
  expect_misses("**x*/y/**z", {"x/a/y/z", "x/y/a", "y/z"});
}

TEST(Pattern, HasTwoStarsCrossSegments) {
  expect_matches("**", {"", "a", "a/b/c", "/"});
  expect_matches("logs/**", {"logs/", "logs/a", "logs/a/b"});
  expect_misses("logs/**", {"logs", "log/a", "x/logs/a"});
  expect_matches("**.gz", {".gz", "a.gz", "a/b.gz"});
  expect_matches("a**z", {"az", "a/z", "abc/def/z"});
  expect_matches("a**/**z", {"a/z", "ab/c/z"});
  expect_matches("a/***/z", {"a/z", "a/b/z"});
  expect_matches("**a*b**c*d", {"abcd", "x/a1b/y/c2d", "a/ab/c/cd"});
  expect_misses("**a*b**c*d", {"a/b/cd", "ab/c/d"});
}

TEST(Pattern, HasAWholeSegmentOfTwoStarsStandForNoneToo) {
  expect_matches("**/x", {"x", "a/x", "a/b/x"});
  expect_misses("**/x", {"ax", "a/bx", "x/a"});
  expect_matches("a/**/z", {"a/z", "a/b/z", "a/b/c/z", "a//z"});
  expect_misses("a/**/z", {"az", "a/bz", "b/a/z"});
  expect_matches("a/**/*.log", {"a/x.log", "a/b/x.log", "a/.log"});
  expect_misses("a/**/*.log", {"a.log", "b/x.log", "a/x.logs"});
  expect_matches("logs/**/", {"logs/", "logs/a/", "logs/a/b/"});
  expect_misses("logs/**/", {"logs/a", "logs"});
  expect_matches("**/a/**/b", {"a/b", "x/a/b", "a/x/b", "x/a/y/a/b"});
  expect_misses("**/a/**/b", {"b", "xa/b", "a/xb"});
}

TEST(Pattern, HasAQuestionMarkStandForOneCharacter) {
  expect_matches("a?c", {"abc",
                         "a\xC3\xA9"
                         "c",
                         "a\xE6\x97\xA5"
                         "c",
                         "a\xF0\x9F\x98\x80"
                         "c"});
  // Half a surrogate pair, as JSON can spell it, is one character too.
  expect_matches("a?c", {"a\xED\xA0\x80"
                         "c"});
  expect_misses("a?c", {"ac", "a/c", "abbc"});
  expect_matches("*?", {"\xC3\xA9", "ab"});
  expect_misses("*??", {"\xC3\xA9"});
}

TEST(Pattern, HasASetStandForOneOfItsCharacters) {
  expect_matches("[a-c]x", {"ax", "bx", "cx"});
  expect_misses("[a-c]x", {"dx", "x", "abx", "Ax"});
  expect_matches("[-x]", {"-", "x"});
  expect_matches("[x-]", {"-", "x"});
  expect_matches("[\\]\\-\\\\]", {"]", "-", "\\"});
  expect_matches("[\xE3\x81\x81-\xE3\x82\x93]", {"\xE3\x81\x82"});
  expect_matches("[!a-c]", {"d", "\xC3\xA9"});
  expect_matches("[^a]", {"^", "b"});
  expect_misses("[!a-c]", {"a", "/", ""});
  expect_misses("[+-9]", {"/"});  // the range has it
  expect_matches("[*?[]", {"*", "?", "["});
}

TEST(Pattern, TakesSpecialMeaningAway) {
  expect_matches("\\*\\?\\[a]\\\\", {"*?[a]\\"});
  expect_matches("\\a", {"a"});
  expect_matches("{a,b}", {"{a,b}"});
  expect_misses("\\*", {"a", "\\*"});
}

TEST(Pattern, SaysWhichCharacterIsWrong) {
  const std::pair<std::string_view, std::size_t> cases[] = {
      {"", 1},
      {"/a", 1},
      {"a\\", 2},
      {"a[b", 2},
      {"a[", 2},
      {"ab[]c", 3},
      {"[z-a]", 2},
      {"x[az-b]", 4},
      {"[/]", 1},
      {"[a-", 1},
      {"[!", 1},
      {"[a\\", 1},
      {"\xE6\x97\xA5\xE6\x97\xA5[b", 3},
  };
  for (const auto& [text, character] : cases) {
    const auto compiled = Pattern::compile(text);
    ASSERT_FALSE(compiled) << text;
    EXPECT_EQ(compiled.error().character(), character) << text << ": " << compiled.error().text();
    EXPECT_FALSE(compiled.error().reason().empty());
  }
  const auto long_one = Pattern::compile(std::string(850, 'a') + "*b");
  ASSERT_FALSE(long_one);
  EXPECT_EQ(long_one.error().character(), 852U);
  EXPECT_TRUE(Pattern::compile(std::string(850, 'a') + "*"));
}

TEST(Pattern, AnswersHostilePatternsSoon) {
  std::string text;
  for (int i = 0; i < 60; ++i) text += "*a";
  for (int i = 0; i < 60; ++i) text += "**a";
  const Pattern glob = pattern(text + "b");
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_FALSE(glob.matches(std::string(Pattern::kLongestKey, 'a') + "c"));
  EXPECT_FALSE(pattern("**?a*?a*?a*?a*b*c").matches(std::string(Pattern::kLongestKey, 'a')));
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::milliseconds(500));
}

TEST(Pattern, AllocatesNothingToMatch) {
  const Pattern glob = pattern("logs/**/[0-9]?*-*.log");
  const std::string key = "logs/2026/08/20/1x-app-3.log";
  const auto before = test::AllocationCounter::count();
  EXPECT_TRUE(glob.matches(key));
  EXPECT_EQ(test::AllocationCounter::count(), before);
}

}  // namespace
}  // namespace gateway::routing
