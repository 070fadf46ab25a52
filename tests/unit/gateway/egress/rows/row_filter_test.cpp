#include "gateway/egress/rows/row_filter.hpp"

#include <gtest/gtest.h>

#include <chrono>

namespace gateway::egress {
namespace {

using namespace std::chrono_literals;

constexpr WallInstant kNow{std::chrono::sys_days{std::chrono::year{2026} / 1 / 2} + 3h + 4min +
                           5678ms};

TEST(ParseMoment, ReadsTimesAndAges) {
  const struct {
    const char* text;
    WallInstant moment;
  } cases[] = {
      {"2026-01-02T03:04:05.678Z", kNow},
      {"2026-01-02T05:04:05+02:00", kNow - 678ms},
      {"2026-01-02", std::chrono::sys_days{std::chrono::year{2026} / 1 / 2}},
      {"0", kNow},
      {"250ms", kNow - 250ms},
      {"90s", kNow - 90s},
      {"5m", kNow - 5min},
      {"2h", kNow - 2h},
      {"7d", kNow - 168h},
      {"900000h", WallInstant()},  // before any clock
  };
  for (const auto& [text, moment] : cases) EXPECT_EQ(parse_moment(text, kNow), moment) << text;
}

TEST(ParseMoment, RefusesAllElse) {
  for (const char* text :
       {"", "yesterday", "2h ago", "-2h", "2", "h", "d", "1.5h", "1d2h", "2026", "2026-13-01",
        "2026-01-02T03:04:05", "2026-01-02 03:04", "99999999999d", "99999999999999999999h"}) {
    EXPECT_EQ(parse_moment(text, kNow), std::nullopt) << text;
  }
}

TEST(ParseFilter, TakesOverWhatIsGiven) {
  FilterText text;
  text.since = "2h";
  text.until = "1h";
  text.bucket = "photos-1250000000";
  text.prefix = "2026/";
  text.reason = "refused";
  const auto filter = parse_filter(text, kNow);
  ASSERT_TRUE(filter) << filter.error();
  EXPECT_EQ(filter->since, kNow - 2h);
  EXPECT_EQ(filter->until, kNow - 1h);
  EXPECT_EQ(filter->bucket, "photos-1250000000");
  EXPECT_EQ(filter->key_prefix, "2026/");
  EXPECT_EQ(filter->reason, "refused");
  EXPECT_FALSE(filter->not_replayed);
}

TEST(ParseFilter, WantsAllRowsWhenNothingIsGiven) {
  const auto filter = parse_filter(FilterText(), kNow);
  ASSERT_TRUE(filter);
  EXPECT_EQ(filter->since, std::nullopt);
  EXPECT_EQ(filter->until, std::nullopt);
}

TEST(ParseFilter, NamesTheOptionThatIsWrong) {
  FilterText text;
  text.since = "soon";
  EXPECT_EQ(parse_filter(text, kNow).error(), "--since: soon is neither a time nor a duration");
  text.since = "1h";
  text.until = "later";
  EXPECT_EQ(parse_filter(text, kNow).error(), "--until: later is neither a time nor a duration");
  text.until = "2h";
  EXPECT_EQ(parse_filter(text, kNow).error(), "--since is not before --until");
}

}  // namespace
}  // namespace gateway::egress
