#include "cloud/function_name.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace gateway::cloud {
namespace {

constexpr FunctionIdentity kIdentity{"ap-beijing", "default",
                                     "photos-1250000000.cos.ap-beijing.myqcloud.com", "orders"};

// The value was computed apart from this code: SHA-256 over "10:ap-beijing,7:default,45:...,".
TEST(DerivedFunctionName, IsTheSameInEveryProcessAndRelease) {
  EXPECT_EQ(derive_function_name(kIdentity), "vanus-cos-source-function-9566534884964062890");
}

TEST(DerivedFunctionName, DiffersInEveryPartOfTheIdentity) {
  std::set<std::string> names{derive_function_name(kIdentity)};
  auto other = kIdentity;
  other.region = "ap-shanghai";
  names.insert(derive_function_name(other));
  other = kIdentity;
  other.space = "staging";
  names.insert(derive_function_name(other));
  other = kIdentity;
  other.bucket_endpoint = "photos-1250000001.cos.ap-beijing.myqcloud.com";
  names.insert(derive_function_name(other));
  other = kIdentity;
  other.eventbus = "invoices";
  names.insert(derive_function_name(other));
  EXPECT_EQ(names.size(), 5U);
}

TEST(DerivedFunctionName, KeepsThePartsApart) {
  EXPECT_NE(derive_function_name({"a", "bc", "d", "e"}),
            derive_function_name({"ab", "c", "d", "e"}));
  EXPECT_NE(derive_function_name({"1:a,", "", "", ""}), derive_function_name({"1:a", ",", "", ""}));
}

TEST(DerivedFunctionName, IsANameTheCloudAccepts) {
  EXPECT_TRUE(is_function_name(derive_function_name(kIdentity)));
}

TEST(FunctionName, FollowsTheRuleOfTheCloud) {
  for (const std::string good : {"ab", "A1", "cos-relay", "cos_relay_2", "vanus-cos-source"}) {
    EXPECT_TRUE(is_function_name(good)) << good;
  }
  EXPECT_TRUE(is_function_name(std::string(60, 'a')));
  for (const std::string bad :
       {"", "a", "1a", "-ab", "_ab", "ab-", "ab_", "a b", "a.b", "a/b", "a\xC3\xA9"}) {
    EXPECT_FALSE(is_function_name(bad)) << bad;
  }
  EXPECT_FALSE(is_function_name(std::string(61, 'a')));
}

TEST(FunctionNamespace, IsUpToThirtyLettersDigitsHyphensAndUnderscores) {
  EXPECT_TRUE(is_function_namespace("default"));
  EXPECT_TRUE(is_function_namespace("team_1-a"));
  EXPECT_TRUE(is_function_namespace(std::string(30, 'n')));
  EXPECT_FALSE(is_function_namespace(std::string(31, 'n')));
  EXPECT_FALSE(is_function_namespace(""));
  EXPECT_FALSE(is_function_namespace("a.b"));
}

}  // namespace
}  // namespace gateway::cloud
