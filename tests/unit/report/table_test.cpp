#include "report/table.hpp"

#include <gtest/gtest.h>

#include "report/figures.hpp"

namespace gateway::report {
namespace {

TEST(TableTest, PadsMarkdownByCharactersNotBytes) {
  const Table table{"", {"name", "µs"}, 1, {{"a|b", "1"}, {"µ", "12,345"}}};
  EXPECT_EQ(to_markdown(table),
            "| name |     µs |\n"
            "|------|-------:|\n"
            "| a\\|b |      1 |\n"
            "| µ    | 12,345 |\n");
}

TEST(TableTest, SaysOnceWhatRowsHaveInCommon) {
  const Table table{"",
                    {"run", "load", "gateway", "n"},
                    3,
                    {{"a", "x", "g", "1"}, {"a", "x", "h", "2"}, {"b", "x", "g", "3"}}};
  const std::string html = to_html(table);
  EXPECT_NE(html.find("<td rowspan=\"2\">a</td><td rowspan=\"2\">x</td><td>g</td>"),
            std::string::npos);
  EXPECT_NE(html.find("<td rowspan=\"1\">b</td><td rowspan=\"1\">x</td>"), std::string::npos);
}

TEST(FiguresTest, ShowThreeDigitsThatMatter) {
  EXPECT_EQ(figure(0), "0");
  EXPECT_EQ(figure(0.01234), "0.0123");
  EXPECT_EQ(figure(1.234), "1.23");
  EXPECT_EQ(figure(12.34), "12.3");
  EXPECT_EQ(figure(9.996), "10.0");
  EXPECT_EQ(figure(99.99), "100");
  EXPECT_EQ(figure(123.4), "123");
  EXPECT_EQ(figure(1234567), "1,234,567");
  EXPECT_EQ(duration(12.34), "12.3 µs");
  EXPECT_EQ(duration(1234), "1.23 ms");
  EXPECT_EQ(duration(2.5e6), "2.50 s");
  EXPECT_EQ(mebibytes(3 << 20), "3.00");
  EXPECT_EQ(times(1.234), "1.23x");
  EXPECT_EQ(times(12.34), "12.3x");
  EXPECT_EQ(times(0), "-");
  EXPECT_EQ(percent(-0.123), "-12.3 %");
}

}  // namespace
}  // namespace gateway::report
