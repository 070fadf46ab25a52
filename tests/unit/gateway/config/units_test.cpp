#include "gateway/config/units.hpp"

#include <gtest/gtest.h>

#include <string>

namespace gateway::config {
namespace {

using namespace std::chrono_literals;

TEST(Durations, AreReadAndPrintedInTheLargestExactUnit) {
  struct Case {
    const char* text;
    Duration value;
    const char* printed;
  };
  const Case cases[] = {{"0", 0ms, "0"},           {"0h", 0ms, "0"},
                        {"250ms", 250ms, "250ms"}, {"1000ms", 1s, "1s"},
                        {"90s", 90s, "90s"},       {"120s", 2min, "2m"},
                        {"5m", 5min, "5m"},        {"60m", 1h, "1h"},
                        {"6h", 6h, "6h"},          {"1001ms", 1001ms, "1001ms"}};
  for (const auto& [text, value, printed] : cases) {
    EXPECT_EQ(parse_duration(text), value) << text;
    EXPECT_EQ(print_duration(value), printed);
  }
  for (const auto* text : {"", "1", "s", "-1s", "+1s", "1 s", "1S", "1.5s", "1d", "1m30s", " 1s",
                           "01s", "9223372036854775807h", "99999999999999999999ms"}) {
    EXPECT_EQ(parse_duration(text), std::nullopt) << text;
  }
}

TEST(Sizes, AreReadAndPrintedInTheLargestExactUnit) {
  struct Case {
    const char* text;
    std::uint64_t value;
    const char* printed;
  };
  const Case cases[] = {{"0", 0, "0"},
                        {"512", 512, "512B"},
                        {"512B", 512, "512B"},
                        {"64KiB", 65'536, "64KiB"},
                        {"1024KiB", 1'048'576, "1MiB"},
                        {"1537", 1'537, "1537B"},
                        {"10GiB", std::uint64_t{10} << 30U, "10GiB"},
                        {"3TiB", std::uint64_t{3} << 40U, "3TiB"},
                        {"18446744073709551615", UINT64_MAX, "18446744073709551615B"}};
  for (const auto& [text, value, printed] : cases) {
    EXPECT_EQ(parse_size(text), value) << text;
    EXPECT_EQ(print_size(value), printed);
  }
  for (const auto* text : {"", "KiB", "1KB", "1kib", "1K", "-1", "1 KiB", "1.5MiB", "010",
                           "18446744073709551616", "16777216TiB"}) {
    EXPECT_EQ(parse_size(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace gateway::config
