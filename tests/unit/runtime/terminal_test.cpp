#include "runtime/terminal.hpp"

#include <gtest/gtest.h>

namespace gateway {
namespace {

TEST(Line, IsCutAtTheWidthAndNeverInsideACharacter) {
  const Line line = Line().add("abc").add("d\xc3\xa9\xe5\x9b\xbe!");
  EXPECT_EQ(line.text(0, false), "abcd\xc3\xa9\xe5\x9b\xbe!");
  EXPECT_EQ(line.text(5, false), "abcd\xc3\xa9");
  EXPECT_EQ(line.text(6, false), "abcd\xc3\xa9") << "a Chinese character is two columns wide";
  EXPECT_EQ(line.text(7, false), "abcd\xc3\xa9\xe5\x9b\xbe");
  EXPECT_EQ(line.text(80, false), line.text(0, false));
}

TEST(Line, NothingFollowsWhatWasCut) {
  EXPECT_EQ(Line().add("\xe5\x9b\xbe").add("b").text(1, false), "");
}

TEST(Line, ShowsNoControlCharacters) {
  EXPECT_EQ(Line().add("a\x1b[31m\r\n\t\x7f").text(0, false), "a?[31m????");
  EXPECT_EQ(Line()
                .add("\xc2\x9b"
                     "1m")
                .text(0, false),
            "?1m")
      << "CSI as one C1 character";
  EXPECT_EQ(Line()
                .add("\xe2\x80\xae"
                     "x")
                .text(0, false),
            "?x")
      << "right-to-left override";
}

TEST(Line, ReplacesWhatIsNoUtf8) {
  EXPECT_EQ(Line().add("\xff\xc3(\xe5\x9b").text(0, false),
            "?"
            "?(?"
            "?");
  EXPECT_EQ(Line().add("\xc0\xaf\xed\xa0\x80").text(0, false), "?????");
}

TEST(Line, IsColouredOnlyIfAskedAndEndsEachColour) {
  const Line line = Line().add("good", Colour::green).add(" ").add("bad", Colour::red);
  EXPECT_EQ(line.text(0, false), "good bad");
  EXPECT_EQ(line.text(0, true), "\x1b[32mgood\x1b[0m \x1b[31mbad\x1b[0m");
  EXPECT_EQ(line.text(2, true), "\x1b[32mgo\x1b[0m");
}

}  // namespace
}  // namespace gateway
