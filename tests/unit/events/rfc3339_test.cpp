#include "events/rfc3339.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <string>

namespace gateway::events {
namespace {

using std::chrono::milliseconds;
using Time = std::chrono::sys_time<milliseconds>;

std::string written(std::int64_t since_epoch) {
  std::string text(kRfc3339Size, '?');
  write_rfc3339(Time{milliseconds{since_epoch}}, text.data());
  return text;
}

TEST(Rfc3339, WritesMillisecondsInUtc) {
  EXPECT_EQ(written(0), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(written(1767323045678), "2026-01-02T03:04:05.678Z");
  EXPECT_EQ(written(951782399999), "2000-02-28T23:59:59.999Z");
  EXPECT_EQ(written(951782400000), "2000-02-29T00:00:00.000Z");
  EXPECT_EQ(written(-1), "1969-12-31T23:59:59.999Z");
  EXPECT_EQ(written(253402300799999), "9999-12-31T23:59:59.999Z");
}

TEST(Rfc3339, KnowsWhichTimesItCanWrite) {
  EXPECT_TRUE(has_rfc3339_form(Time{milliseconds{253402300799999}}));
  EXPECT_FALSE(has_rfc3339_form(Time{milliseconds{253402300800000}}));
  EXPECT_TRUE(has_rfc3339_form(Time{milliseconds{-62167219200000}}));
  EXPECT_FALSE(has_rfc3339_form(Time{milliseconds{-62167219200001}}));
}

TEST(Rfc3339, ReadsEveryForm) {
  const struct {
    std::string_view text;
    std::int64_t expected;
  } rows[] = {
      {"1970-01-01T00:00:00Z", 0},
      {"2026-01-02T03:04:05.678Z", 1767323045678},
      {"2026-01-02t03:04:05.678z", 1767323045678},
      {"2026-01-02T03:04:05.6Z", 1767323045600},
      {"2026-01-02T03:04:05.678999999999999999Z", 1767323045678},
      {"2026-01-02T03:04:05+00:00", 1767323045000},
      {"2026-01-02T11:04:05+08:00", 1767323045000},
      {"2026-01-01T21:34:05-05:30", 1767323045000},
      {"2016-12-31T23:59:60Z", 1483228800000},
      {"2000-02-29T00:00:00Z", 951782400000},
  };
  for (const auto& row : rows) {
    const auto time = read_rfc3339(row.text);
    ASSERT_TRUE(time) << row.text;
    EXPECT_EQ(time->time_since_epoch().count(), row.expected) << row.text;
  }
}

TEST(Rfc3339, RefusesEverythingElse) {
  for (const std::string_view text : {"",
                                      "2026",
                                      "2026-01-02",
                                      "2026-01-02T03:04:05",
                                      "2026-01-02 03:04:05Z",
                                      "2026-01-02T03:04Z",
                                      "2026-1-02T03:04:05Z",
                                      "2026-13-02T03:04:05Z",
                                      "2026-00-02T03:04:05Z",
                                      "2026-02-29T03:04:05Z",
                                      "2026-01-32T03:04:05Z",
                                      "2026-01-02T24:04:05Z",
                                      "2026-01-02T03:60:05Z",
                                      "2026-01-02T03:04:61Z",
                                      "2026-01-02T03:04:05.Z",
                                      "2026-01-02T03:04:05ZZ",
                                      "2026-01-02T03:04:05+8:00",
                                      "2026-01-02T03:04:05+0800",
                                      "2026-01-02T03:04:05+24:00",
                                      "2026-01-02T03:04:05+08:60",
                                      "-026-01-02T03:04:05Z",
                                      "0000-01-01T00:00:00+00:01",
                                      "Fri, 02 Jan 2026 03:04:05 GMT"}) {
    EXPECT_FALSE(read_rfc3339(text)) << text;
  }
}

}  // namespace
}  // namespace gateway::events
