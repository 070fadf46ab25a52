#include "gateway/routing/key_search.hpp"

#include <gtest/gtest.h>

#include <initializer_list>
#include <string_view>
#include <vector>

namespace gateway::routing {
namespace {

using Texts = std::initializer_list<std::string_view>;

bool possible(Texts all, Texts none = {}) {
  std::vector<Pattern> patterns;
  for (const auto text : all) patterns.push_back(Pattern::compile(text).value());
  for (const auto text : none) patterns.push_back(Pattern::compile(text).value());
  std::vector<const Pattern*> pointers;
  for (const Pattern& pattern : patterns) pointers.push_back(&pattern);
  const std::span<const Pattern* const> span(pointers);
  return some_key_matches(span.first(all.size()), span.subspan(all.size()));
}

TEST(KeySearch, KnowsWhichPatternsHaveAKeyInCommon) {
  EXPECT_TRUE(possible({"logs/**"}));
  EXPECT_TRUE(possible({"logs/**", "**/*.gz"}));
  EXPECT_TRUE(possible({"*a*", "*b*"}));
  EXPECT_TRUE(possible({"[a-m]*", "[m-z]*"}));
  EXPECT_FALSE(possible({"logs/**", "images/**"}));
  EXPECT_FALSE(possible({"logs/**", "*.gz"}));
  EXPECT_FALSE(possible({"**.jpg", "**.png"}));
  EXPECT_FALSE(possible({"[a-l]*", "[m-z]*"}));
  EXPECT_FALSE(possible({"??", "???"}));
  EXPECT_FALSE(possible({"**/", "*a"}));
}

TEST(KeySearch, KnowsWhatIsLeftOfAPattern) {
  EXPECT_FALSE(possible({"logs/**"}, {"**"}));
  EXPECT_FALSE(possible({"logs/*.gz"}, {"logs/**"}));
  EXPECT_FALSE(possible({"logs/*.gz"}, {"**/*.gz"}));
  EXPECT_FALSE(possible({"[a-c]"}, {"[ab]", "c"}));
  EXPECT_FALSE(possible({"*"}, {"[!a]*", "a*"}));
  EXPECT_FALSE(possible({"**/x"}, {"x", "*/x", "**/*/*/x"}));
  EXPECT_TRUE(possible({"**"}, {"*"}));
  EXPECT_TRUE(possible({"*.gz"}, {"a*"}));
  EXPECT_TRUE(possible({"[a-d]"}, {"[ab]", "c"}));
  EXPECT_TRUE(possible({"**/x"}, {"x", "*/x"}));
}

TEST(KeySearch, TakesPrefixAndSuffixAsTheyAre) {
  const Pattern prefix = Pattern::begins_with("a*b/");
  const Pattern suffix = Pattern::ends_with("/c.log");
  EXPECT_TRUE(prefix.matches("a*b/x"));
  EXPECT_FALSE(prefix.matches("axb/x"));
  EXPECT_TRUE(suffix.matches("x/c.log"));
  const Pattern include = Pattern::compile("a*b/c.log").value();
  const Pattern* const all[] = {&prefix, &suffix, &include};
  EXPECT_TRUE(some_key_matches(all, {}));
}

TEST(KeySearch, GivesUpInsteadOfTakingLong) {
  // Which of the last twenty characters was an `a`: a million sets of states.
  EXPECT_TRUE(possible({"*"}, {"*a???????????????????", "*b"}));
}

}  // namespace
}  // namespace gateway::routing
