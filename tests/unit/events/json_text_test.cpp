#include "events/json_text.hpp"

#include <gtest/gtest.h>

namespace gateway::events {
namespace {

using namespace std::string_literals;

std::string literal(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

TEST(JsonText, EscapesWhatAStringMayNotHold) {
  EXPECT_EQ(literal("plain /text"), R"("plain /text")");
  EXPECT_EQ(literal("\"\\\b\f\n\r\t"), R"("\"\\\b\f\n\r\t")");
  EXPECT_EQ(literal("\0\x1f\x7f"s), R"("\u0000\u001f\u007f")");
  EXPECT_EQ(literal("\xC3\xA4\xF0\x9F\x98\x80"), "\"\xC3\xA4\xF0\x9F\x98\x80\"");
}

TEST(JsonText, ReplacesWhatIsNotUtf8) {
  EXPECT_EQ(literal("a\xFFz\xC3"), "\"a\xEF\xBF\xBDz\xEF\xBF\xBD\"");
}

TEST(JsonText, UndoesEveryEscape) {
  EXPECT_EQ(unescape_json_string(R"(\"\\\/\b\f\n\r\tx)"), "\"\\/\b\f\n\r\tx");
  EXPECT_EQ(unescape_json_string(R"(\u0041\u00e4\u20AC\u0000)"), "A\xC3\xA4\xE2\x82\xAC\0"s);
  EXPECT_EQ(unescape_json_string(R"(\ud83d\ude00!)"), "\xF0\x9F\x98\x80!");
}

TEST(JsonText, GivesTheReplacementCharacterForALoneSurrogate) {
  EXPECT_EQ(unescape_json_string(R"(\ud83d)"), "\xEF\xBF\xBD");
  EXPECT_EQ(unescape_json_string(R"(\ude00\ud83dx)"), "\xEF\xBF\xBD\xEF\xBF\xBDx");
  EXPECT_EQ(unescape_json_string(R"(\ud83d\u0041)"), "\xEF\xBF\xBD\x41");
  EXPECT_EQ(unescape_json_string(R"(\ud83d\ud83d\ude00)"), "\xEF\xBF\xBD\xF0\x9F\x98\x80");
}

TEST(JsonText, ReadsBackWhatItWrites) {
  std::string all;
  for (int c = 0; c < 128; ++c) all += static_cast<char>(c);
  const std::string written = literal(all);
  EXPECT_EQ(unescape_json_string(written.substr(1, written.size() - 2)), all);
}

TEST(JsonText, KeepsHalvesOfSurrogatePairsApart) {
  const struct {
    std::string_view raw;
    std::string_view text;
    bool lone;
  } rows[] = {
      {R"(a\ud800)", "a\xED\xA0\x80", true},
      {R"(\udfffa)",
       "\xED\xBF\xBF"
       "a",
       true},
      {R"(\ud83d\ude00)", "\xF0\x9F\x98\x80", false},
      {R"(\ud800\ud83d\ude00)", "\xED\xA0\x80\xF0\x9F\x98\x80", true},
      {R"(\ud800\n)", "\xED\xA0\x80\n", true},
      {R"(\\ud800)", R"(\ud800)", false},
      {R"(\\\ud800)", "\\\xED\xA0\x80", true},
      {R"(\ufffd)", "\xEF\xBF\xBD", false},
      {"plain", "plain", false},
  };
  for (const auto& row : rows) {
    std::string text(row.raw.size(), '\0');
    text.resize(unescape_json_exactly(row.raw, text.data()));
    EXPECT_EQ(text, row.text) << row.raw;
    EXPECT_EQ(has_lone_surrogate(row.raw), row.lone) << row.raw;
  }
}

}  // namespace
}  // namespace gateway::events
