#include "events/terminal_text.hpp"

#include <gtest/gtest.h>

#include <string>

#include "support/json_reference.hpp"

namespace gateway::events {
namespace {

const std::string kRows[] = {"\x1b[31m",     std::string(1, '\0'), "\x07",         "\r",
                             "\x7f",         "\xC2\x80",           "\xC2\x9B",     "\xC2\x9D",
                             "\xC2\x9F",     "\xD8\x9C",           "\xE2\x80\x8E", "\xE2\x80\x8F",
                             "\xE2\x80\xAA", "\xE2\x80\xAE",       "\xE2\x81\xA6", "\xE2\x81\xA9"};

TEST(TerminalText, ShowsNothingThatATerminalObeys) {
  for (const std::string& row : kRows) {
    const std::string tail = row.substr(row[0] == '\x1b' ? 1 : row.size());
    EXPECT_EQ(terminal_text("a" + row + "b"), "a?" + tail + "b");
    EXPECT_EQ(terminal_lines("a" + row + "\n\tb"), "a?" + tail + "\n\tb");
  }
  EXPECT_EQ(terminal_text("a\n\tb"), "a??b");
  for (const char* bytes : {"\xFF", "\x9B", "\xED\xA0\x80", "\xC3"}) {
    EXPECT_EQ(terminal_text(bytes), std::string(std::string_view(bytes).size(), '?'));
  }
}

TEST(TerminalText, LeavesAllOtherTextAsItIs) {
  for (const char* text : {"", "plain", "\xC2\xA0", "\xE5\x9B\xBE\xE7\x89\x87", "\xE2\x80\x90",
                           "\xE2\x80\xAF", "\xE2\x81\xA5", "\xF0\x9F\x98\x80", "\xD7\xA9"}) {
    EXPECT_EQ(terminal_text(text), text);
    EXPECT_EQ(terminal_json(text), text);
  }
}

TEST(TerminalJson, MeansTheSame) {
  EXPECT_EQ(terminal_json("{\"a\":\n\t\"\xC2\x9B\xE2\x80\xAE\x7f\"}\n"),
            "{\"a\":  \"\\u009b\\u202e\\u007f\"}");
  EXPECT_EQ(terminal_json("\"\xEF\xBF\xBE\xF0\x9F\xBF\xBF\""), "\"\\ufffe\\ud83f\\udfff\"");
  EXPECT_TRUE(test::JsonReference(terminal_json("{\"a\":\"\xC2\x9B\"}")).valid());
}

}  // namespace
}  // namespace gateway::events
