#include "gateway/http/host.hpp"

#include <gtest/gtest.h>

namespace gateway::http {
namespace {

TEST(Host, TakesEveryFormOfAHost) {
  for (const char* text :
       {"", "h", "example.com", "example.com:8080", "example.com:", "192.0.2.1", "192.0.2.1:80",
        "[::1]", "[::1]:8080", "[2001:db8::1]:", "[v1.a:b]", "under_score", "a%20b", "a~b!c"}) {
    EXPECT_TRUE(is_host(text)) << text;
  }
}

TEST(Host, RefusesWhatIsNone) {
  for (const char* text :
       {"a b",  "a\tb", "a/b",   "http://a", "user@a", "a:b",      "a:80:80", "a:-1", "a:8 0",
        "[::1", "::1",  "[]",    "[g::]",    "[::1]x", "a%2",      "a%zz",    "a?b",  "a#b",
        "a\\b", "<a>",  "\"a\"", "a|b",      "{a}",    "\xc3\xa4", "a,b c",   "a\x7f"}) {
    EXPECT_FALSE(is_host(text)) << text;
  }
}

}  // namespace
}  // namespace gateway::http
