#include "gateway/observe/page.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "testkit/text_file.hpp"

namespace gateway::observe {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(Page, IsTheFileInTheSourceTree) {
  const std::string text = test::read_text(COS_GATEWAY_PAGE);
  ASSERT_FALSE(text.empty()) << COS_GATEWAY_PAGE;
  EXPECT_EQ(page_html(), text);
}

TEST(Page, NeedsNothingItsPolicyForbids) {
  const std::string page(page_html());
  // Attributes cannot be told by a hash.
  for (const char* forbidden :
       {" style=", " onclick=", " onload=", "src=", "http://", "https://", "@import", "url("}) {
    EXPECT_THAT(page, Not(HasSubstr(forbidden)));
  }
  EXPECT_THAT(page_policy(), HasSubstr("default-src 'none'"));
  EXPECT_THAT(page_policy(), HasSubstr("connect-src 'self'"));
  EXPECT_THAT(page_policy(), Not(HasSubstr("unsafe")));
}

TEST(Page, ItsPolicyNamesTheHashesOfStyleAndScript) {
  // printf 'a' | openssl dgst -sha256 -binary | base64, and the same of 'b'.
  const std::string policy = policy_of("<style>a</style><script>b</script>");
  EXPECT_THAT(policy, HasSubstr("style-src 'sha256-ypeBEsobvcr6wjGzmiPcTaeG7/gUfE5yuYB3ha/uSLs='"));
  EXPECT_THAT(policy,
              HasSubstr("script-src 'sha256-PiPoFgA5WUoziU9lZOGxNIu9egCI1CxKy3PurtWcAJ0='"));
  EXPECT_THAT(policy_of(""), HasSubstr("script-src 'none'"));
}

}  // namespace
}  // namespace gateway::observe
