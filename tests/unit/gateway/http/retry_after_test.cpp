#include "gateway/http/retry_after.hpp"

#include <gtest/gtest.h>

namespace gateway::egress {
namespace {

using namespace std::chrono_literals;

TEST(ParseRetryAfter, TakesNumbersAndDates) {
  const auto now = std::chrono::sys_seconds(784111777s);  // Sun, 06 Nov 1994 08:49:37 GMT
  const struct {
    const char* text;
    std::optional<std::chrono::seconds> wait;
  } cases[] = {
      {"0", 0s},
      {"120", 120s},
      {"007", 7s},
      {"Sun, 06 Nov 1994 08:49:37 GMT", 0s},
      {"Sun, 06 Nov 1994 08:50:37 GMT", 60s},
      {"Mon, 07 Nov 1994 08:49:37 GMT", 86'400s},
      {"Sun, 06 Nov 1994 08:49:36 GMT", 0s},
      {"Thu, 01 Jan 1970 00:00:00 GMT", 0s},
      {"Wed, 06 Nov 0997 08:49:37 GMT", 0s},
      {"Wed, 06 Nov 2999 08:49:37 GMT", 31'714'761'600s},
      {"", std::nullopt},
      {"-1", std::nullopt},
      {"1.5", std::nullopt},
      {"1s", std::nullopt},
      {"soon", std::nullopt},
      {"Sunday, 06-Nov-94 08:50:37 GMT", 60s},
      {"Monday, 07-Nov-94 08:49:37 GMT", 86'400s},
      {"Sun Nov  6 08:50:37 1994", 60s},
      {"Tue Nov 15 08:49:37 1994", 777'600s},
      {"Sunday, 06-Nov-94 08:50:37", std::nullopt},
      {"Sun Nov  6 08:50:37", std::nullopt},
      {"Sun, 06 Nov 1994 08:49:37 GMT+1", std::nullopt},
      {"Sun, 06 Nov 1994", std::nullopt},
  };
  for (const auto& c : cases) EXPECT_EQ(parse_retry_after(c.text, now), c.wait) << c.text;
  EXPECT_GE(parse_retry_after("99999999999999999999999999", now).value_or(0s), 1'000'000'000s);
}

// RFC 9110 section 5.6.7: more than 50 years ahead is the last century.
TEST(ParseRetryAfter, FindsTheCenturyOfAYearOfTwoDigits) {
  const auto now = std::chrono::sys_seconds(
      std::chrono::sys_days{std::chrono::year(2026) / std::chrono::November / 28});
  EXPECT_EQ(parse_retry_after("Saturday, 28-Nov-26 00:01:00 GMT", now), 60s);
  EXPECT_GT(parse_retry_after("Saturday, 28-Nov-76 00:00:00 GMT", now).value_or(0s), 1'000'000s);
  EXPECT_EQ(parse_retry_after("Monday, 28-Nov-77 00:00:00 GMT", now), 0s);
  const auto late = now + std::chrono::years(73);  // 2099
  EXPECT_GT(parse_retry_after("Friday, 01-Jan-10 00:00:00 GMT", late).value_or(0s), 1'000'000s);
}

}  // namespace
}  // namespace gateway::egress
