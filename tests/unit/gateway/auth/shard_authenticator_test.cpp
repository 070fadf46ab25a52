#include "gateway/auth/shard_authenticator.hpp"

#include <gtest/gtest.h>

#include <string>

#include "gateway/domain/signer.hpp"

namespace gateway::auth {
namespace {

std::vector<Secret> tokens(const std::vector<std::string>& texts) {
  std::vector<Secret> all;
  for (const std::string& text : texts) all.emplace_back(text);
  return all;
}

class FunctionsOfAList : public testing::Test {
 protected:
  FunctionsOfAList() { authenticator_.set_functions(2); }
  Signer signer_of(std::string_view authorization) const {
    PostCredentials credentials;
    credentials.authorization = authorization;
    return authenticator_.signer_of(credentials);
  }

  ShardMetrics metrics_;
  Clock clock_;
  ShardAuthenticator authenticator_{tokens({"one", "two", "previous"}), metrics_, clock_, nullptr};
};

TEST_F(FunctionsOfAList, StandForAllBucketsUntilTheyCanBeToldApart) {
  EXPECT_EQ(signer_of("Bearer one"), kAnySigner);
  authenticator_.tell_functions_apart();
  EXPECT_EQ(signer_of("Bearer one"), 0);
  EXPECT_EQ(signer_of("Bearer two"), 1);
  EXPECT_EQ(signer_of("Bearer previous"), kAnySigner);
}

TEST_F(FunctionsOfAList, StandForAllBucketsWhileTheyHaveOneOfAnother) {
  authenticator_.tell_functions_apart();
  authenticator_.also_accept(tokens({"two", "predecessor"}));
  EXPECT_EQ(signer_of("Bearer one"), 0);
  EXPECT_EQ(signer_of("Bearer two"), kAnySigner);
  EXPECT_EQ(signer_of("Bearer predecessor"), kAnySigner);
  authenticator_.also_accept({});
  EXPECT_EQ(signer_of("Bearer two"), 1);
}

}  // namespace
}  // namespace gateway::auth
