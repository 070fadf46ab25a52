#include "gateway/auth/accepted_tokens.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace gateway::auth {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class FormerTokensTest : public ::testing::Test {
 protected:
  std::vector<std::string> seen(const std::vector<std::string>& tokens, std::chrono::minutes at) {
    std::vector<Secret> secrets;
    for (const auto& token : tokens) secrets.emplace_back(std::string(token));
    std::vector<std::string> accepted;
    for (const auto& token : former_.seen(secrets, Instant() + at)) {
      accepted.push_back(token.reveal());
    }
    return accepted;
  }

  FormerTokens former_;
};

TEST_F(FormerTokensTest, AreAcceptedWhileTheyAreSeen) {
  EXPECT_THAT(seen({"one", "two", "one", ""}, 0min), ElementsAre("one", "two"));
  EXPECT_THAT(seen({"two"}, 1000min), ElementsAre("two"));
  EXPECT_THAT(seen({}, 2000min), IsEmpty());
}

TEST_F(FormerTokensTest, AreAcceptedForAWhileAfterTheyWereSeenLast) {
  EXPECT_THAT(seen({"one"}, 0min), ElementsAre("one"));
  EXPECT_THAT(seen({"two"}, 10min), ElementsAre("one", "two"));
  EXPECT_THAT(seen({"two"}, 60min), ElementsAre("one", "two"));
  EXPECT_THAT(seen({"two"}, 61min), ElementsAre("two"));
  EXPECT_THAT(seen({"one"}, 120min), ElementsAre("two", "one"));
}

TEST_F(FormerTokensTest, AreBounded) {
  std::vector<std::string> many;
  for (int i = 0; i < 1000; ++i) many.push_back("token-" + std::to_string(i));
  EXPECT_EQ(seen(many, 0min).size(), 128U);
}

}  // namespace
}  // namespace gateway::auth
