#include "runtime/secret_filter.hpp"

#include <gtest/gtest.h>

#include <string>

namespace gateway {
namespace {

std::string filtered(const SecretFilter& filter, std::string text) {
  filter.apply(text);
  return text;
}

TEST(SecretFilter, BlanksEachOccurrence) {
  SecretFilter filter;
  filter.add(Secret(std::string("key-of-ours")));
  EXPECT_EQ(filtered(filter, "key-of-ours: no key-of-ours here, key-of-our"),
            "***: no *** here, key-of-our");
  EXPECT_EQ(filtered(filter, ""), "");
}

TEST(SecretFilter, BlanksWhatStandsBehindAScheme) {
  SecretFilter filter;
  filter.add(Secret(std::string("Bearer s3cret")));
  EXPECT_EQ(filtered(filter, "got Bearer s3cret"), "got ***");
  EXPECT_EQ(filtered(filter, "Invalid token 's3cret'"), "Invalid token '***'");
  EXPECT_EQ(filtered(filter, "a Bearer token is needed"), "a Bearer token is needed");
}

TEST(SecretFilter, LeavesWordsAlone) {
  SecretFilter filter;
  filter.add(Secret(std::string("1")));
  filter.add(Secret());
  filter.add(Secret(std::string("Basic on")));
  EXPECT_EQ(filtered(filter, "answers 401 on 1"), "answers 401 on 1");
}

}  // namespace
}  // namespace gateway
