#include "gateway/http/fields.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "events/ascii.hpp"

namespace gateway::http {
namespace {

using namespace std::string_literals;
using ScanState = HeadScan::State;

ScanState scan_whole(std::string_view text) {
  HeadScan scan;
  return scan.advance(text.data(), text.size());
}

// As the bytes of a slow peer arrive: each prefix is shown, one byte longer than the one before.
ScanState scan_byte_by_byte(HeadScan& scan, std::string_view text) {
  for (std::size_t size = 1; size <= text.size(); ++size) {
    const std::string prefix(text.substr(0, size));  // so that reading beyond it is noticed
    const ScanState state = scan.advance(prefix.data(), prefix.size());
    if (state != ScanState::incomplete) return state;
  }
  return ScanState::incomplete;
}

std::string head_with_fields(std::size_t fields) {
  std::string head = "GET / HTTP/1.1\r\n";
  for (std::size_t i = 0; i < fields; ++i) head += "a: b\r\n";
  return head + "\r\n";
}

// The start line takes 16 bytes, the field what is left.
std::string head_of_size(std::size_t size) {
  std::string head = "GET / HTTP/1.1\r\na: ";
  head.append(size - head.size() - 4, 'x');
  return head + "\r\n\r\n";
}

TEST(HeadScan, FindsTheLinesAndTheEnd) {
  const std::string text =
      "POST / HTTP/1.1\r\nHost: h\r\nLong-Field-Name: \t some value\r\n\r\nbody";
  HeadScan scan;
  ASSERT_EQ(scan.advance(text.data(), text.size()), ScanState::complete);
  EXPECT_EQ(scan.size(), text.size() - 4);
  ASSERT_EQ(scan.lines(), 3U);
  EXPECT_EQ(scan.line(text.data(), 0), "POST / HTTP/1.1");
  EXPECT_EQ(scan.line(text.data(), 1), "Host: h");
  EXPECT_EQ(scan.line(text.data(), 2), "Long-Field-Name: \t some value");
}

TEST(HeadScan, FindsTheSameLinesByteByByte) {
  const std::string text =
      "POST / HTTP/1.1\r\nHost: h\r\nX: y\r\nLonger-Than-A-Word: 12345678\r\n\r\n";
  HeadScan scan;
  ASSERT_EQ(scan_byte_by_byte(scan, text), ScanState::complete);
  EXPECT_EQ(scan.size(), text.size());
  ASSERT_EQ(scan.lines(), 4U);
  EXPECT_EQ(scan.line(text.data(), 0), "POST / HTTP/1.1");
  EXPECT_EQ(scan.line(text.data(), 1), "Host: h");
  EXPECT_EQ(scan.line(text.data(), 2), "X: y");
  EXPECT_EQ(scan.line(text.data(), 3), "Longer-Than-A-Word: 12345678");
}

TEST(HeadScan, FindsTheSameLinesWhereverTheTextIsCut) {
  const std::string text = "POST /a HTTP/1.1\r\nHost: h\r\nX: y\r\n\r\n";
  for (std::size_t cut = 0; cut < text.size(); ++cut) {
    SCOPED_TRACE(cut);
    HeadScan scan;
    ASSERT_EQ(scan.advance(text.data(), cut), ScanState::incomplete);
    ASSERT_EQ(scan.advance(text.data(), text.size()), ScanState::complete);
    EXPECT_EQ(scan.size(), text.size());
    ASSERT_EQ(scan.lines(), 3U);
    EXPECT_EQ(scan.line(text.data(), 2), "X: y");
  }
}

TEST(HeadScan, CanBeUsedAgainAfterReset) {
  const std::string first = "A\r\nb: c\r\n";
  HeadScan scan;
  ASSERT_EQ(scan.advance(first.data(), first.size() - 1), ScanState::incomplete);
  scan.reset();
  const std::string second = "D\r\n\r\n";
  ASSERT_EQ(scan.advance(second.data(), second.size()), ScanState::complete);
  EXPECT_EQ(scan.lines(), 1U);
  EXPECT_EQ(scan.line(second.data(), 0), "D");
}

TEST(HeadScan, RefusesEveryControlCharacterButTabsAnywhereInAWord) {
  for (int c = 0; c < 256; ++c) {
    // At every place relative to the words the scan goes by.
    for (std::size_t at = 3; at < 20; ++at) {
      std::string text = "F: 45678901234567890123\r\n\r\n";
      text[at] = static_cast<char>(c);
      const bool control = (c < 0x20 && c != '\t') || c == 0x7f;
      SCOPED_TRACE(testing::Message() << "character " << c << " at " << at);
      EXPECT_EQ(scan_whole(text), control ? ScanState::malformed : ScanState::complete);
      HeadScan slow;
      EXPECT_EQ(scan_byte_by_byte(slow, text),
                control ? ScanState::malformed : ScanState::complete);
    }
  }
}

TEST(HeadScan, RefusesWhatIsNoHead) {
  const std::pair<const char*, std::string> cases[] = {
      {"bare LF", "GET / HTTP/1.1\nHost: h\r\n\r\n"},
      {"bare LF at the start", "\nGET / HTTP/1.1\r\n\r\n"},
      {"bare CR", "GET / HTTP/1.1\r\nHo\rst: h\r\n\r\n"},
      {"two CR before LF", "GET / HTTP/1.1\r\r\n\r\n"},
      {"LF for the blank line", "GET / HTTP/1.1\r\n\n"},
      {"NUL in a value", "GET / HTTP/1.1\r\nHost: \0h\r\n\r\n"s},
      {"DEL in a value", "GET / HTTP/1.1\r\nHost: \x7f\r\n\r\n"},
      {"no start line", "\r\n\r\n"},
  };
  for (const auto& [name, text] : cases) {
    SCOPED_TRACE(name);
    EXPECT_EQ(scan_whole(text), ScanState::malformed);
    HeadScan slow;
    EXPECT_EQ(scan_byte_by_byte(slow, text), ScanState::malformed);
  }
}

TEST(HeadScan, WaitsForTheLineFeedOfACutLineEnd) {
  const std::string text = "GET / HTTP/1.1\r";
  HeadScan scan;
  EXPECT_EQ(scan.advance(text.data(), text.size()), ScanState::incomplete);
  EXPECT_EQ(scan.advance(text.data(), text.size()), ScanState::incomplete);
  const std::string bad = text + "H";
  EXPECT_EQ(scan.advance(bad.data(), bad.size()), ScanState::malformed);
}

TEST(HeadScan, TakesSoManyFieldsAndNoMore) {
  HeadScan scan;
  const std::string most = head_with_fields(kMaxFields);
  EXPECT_EQ(scan.advance(most.data(), most.size()), ScanState::complete);
  EXPECT_EQ(scan.lines(), kMaxFields + 1);
  EXPECT_EQ(scan_whole(head_with_fields(kMaxFields + 1)), ScanState::too_many_lines);
}

TEST(HeadScan, TakesHeadsUpToItsLimit) {
  EXPECT_EQ(scan_whole(head_of_size(kMaxHead)), ScanState::complete);
  EXPECT_EQ(scan_whole(head_of_size(kMaxHead + 1)), ScanState::incomplete);
  EXPECT_EQ(scan_whole(head_of_size(kMaxHead + 2)), ScanState::incomplete);
}

// All fields of a head that is made of the given field lines; empty names mark a malformed line.
std::vector<std::pair<std::string, std::string>> walk(const std::string& field_lines) {
  const std::string text = "GET / HTTP/1.1\r\n" + field_lines + "\r\n";
  HeadScan scan;
  EXPECT_EQ(scan.advance(text.data(), text.size()), ScanState::complete);
  FieldWalk walk(text.data(), scan);
  std::vector<std::pair<std::string, std::string>> fields;
  while (walk.next() && walk.check_unknown()) fields.emplace_back(walk.name(), walk.value());
  if (walk.malformed()) fields.emplace_back();
  return fields;
}

using Fields = std::vector<std::pair<std::string, std::string>>;
const Fields::value_type kMalformed;

TEST(FieldWalk, GivesNamesAsReceivedAndTrimmedValues) {
  EXPECT_EQ(
      walk("Host:h\r\nX-Empty:\r\nx-blank: \t \r\nTrim: \t a b\t \r\nColon: a:b\r\n"),
      (Fields{{"Host", "h"}, {"X-Empty", ""}, {"x-blank", ""}, {"Trim", "a b"}, {"Colon", "a:b"}}));
  EXPECT_EQ(walk(""), Fields{});
}

TEST(FieldWalk, TakesEveryTokenCharacterInANameAndObsoleteTextInAValue) {
  EXPECT_EQ(walk("!#$%&'*+-.^_`|~09azAZ: \x80\xff\r\n"),
            (Fields{{"!#$%&'*+-.^_`|~09azAZ", "\x80\xff"}}));
}

TEST(FieldWalk, RefusesWhatIsNoField) {
  for (const char* line :
       {" folded: line", "\tfolded", "Name : space before the colon", ": no name", "no colon",
        "Na me: v", "N(a): v", "N\xc3\xa4me: v", "Name\t: v"}) {
    SCOPED_TRACE(line);
    EXPECT_EQ(walk("Good: 1\r\n" + std::string(line) + "\r\nAfter: 2\r\n"),
              (Fields{{"Good", "1"}, kMalformed}));
  }
}

TEST(IsName, ComparesWithoutRegardToCase) {
  EXPECT_TRUE(is_name("host", "host"));
  EXPECT_TRUE(is_name("HoSt", "host"));
  EXPECT_TRUE(is_name("CONTENT-LENGTH", "content-length"));
  EXPECT_TRUE(is_name("Webhook-Request-Origin", "webhook-request-origin"));
  EXPECT_FALSE(is_name("", "host"));
  EXPECT_FALSE(is_name("hos", "host"));
  EXPECT_FALSE(is_name("hosts", "host"));
  EXPECT_FALSE(is_name("Content_Length", "content-length"));
}

TEST(IsName, TakesNoOtherTokenForAName) {
  // Every place in two names, of which one is a multiple of the eight characters compared at once.
  const auto check = [](const auto& lower) {
    const std::string_view name = lower;
    for (std::size_t at = 0; at < name.size(); ++at) {
      for (char c = 0x21; c < 0x7f; ++c) {
        if (!is_token({&c, 1})) continue;
        std::string other(name);
        other[at] = c;
        EXPECT_EQ(is_name(other, lower), equals_ignoring_case(other, name)) << other;
      }
    }
  };
  check("retry-after");
  check("x-length");
}

TEST(IsToken, TakesTokensOnly) {
  EXPECT_TRUE(is_token("POST"));
  EXPECT_TRUE(is_token("x-!#$%&'*+.^_`|~"));
  for (const char* text : {"", "a b", "a,b", "a\"", "a/b", "a\x80", "a\x7f", "(", "a:"}) {
    EXPECT_FALSE(is_token(text)) << text;
  }
}

TEST(ForEachInList, GivesTrimmedMembersAndPassesOverEmptyOnes) {
  const auto members = [](std::string_view list) {
    std::vector<std::string> all;
    for_each_in_list(list, [&all](std::string_view member) { all.emplace_back(member); });
    return all;
  };
  using List = std::vector<std::string>;
  EXPECT_EQ(members(""), List{});
  EXPECT_EQ(members(" , ,,"), List{});
  EXPECT_EQ(members("close"), List{"close"});
  EXPECT_EQ(members(" a ,\tb c\t,d"), (List{"a", "b c", "d"}));
}

struct FramingCase {
  std::vector<std::string> lengths;
  std::vector<std::string> codings;
  Framing::Problem problem;
};

TEST(Framing, FindsEveryAmbiguity) {
  using Problem = Framing::Problem;
  const FramingCase cases[] = {
      {{}, {}, Problem::none},
      {{"0"}, {}, Problem::none},
      {{"12"}, {}, Problem::none},
      {{"007"}, {}, Problem::none},
      {{}, {"chunked"}, Problem::none},
      {{}, {"Chunked"}, Problem::none},
      {{}, {" chunked\t"}, Problem::none},
      {{""}, {}, Problem::bad_length},
      {{"-1"}, {}, Problem::bad_length},
      {{"+1"}, {}, Problem::bad_length},
      {{"1a"}, {}, Problem::bad_length},
      {{"0x10"}, {}, Problem::bad_length},
      {{"1 2"}, {}, Problem::bad_length},
      {{"5, 5"}, {}, Problem::bad_length},
      {{"1.0"}, {}, Problem::bad_length},
      {{"x", "5"}, {}, Problem::bad_length},
      {{"5", "5"}, {}, Problem::two_lengths},
      {{"5", "6"}, {}, Problem::two_lengths},
      {{"5"}, {"chunked"}, Problem::length_and_coding},
      {{"5"}, {"gzip"}, Problem::length_and_coding},
      {{}, {""}, Problem::bad_coding},
      {{}, {" , "}, Problem::bad_coding},
      {{}, {" chunked ,"}, Problem::bad_coding},
      {{}, {",chunked"}, Problem::bad_coding},
      {{}, {"\t, chunked"}, Problem::bad_coding},
      {{}, {"gzip, ,chunked"}, Problem::bad_coding},
      {{}, {"", "chunked"}, Problem::bad_coding},
      {{}, {"chunked", ""}, Problem::bad_coding},
      {{",5"}, {}, Problem::bad_length},
      {{"5,"}, {}, Problem::bad_length},
      {{}, {"chunked, chunked"}, Problem::bad_coding},
      {{}, {"chunked", "chunked"}, Problem::bad_coding},
      {{}, {"gzip"}, Problem::bad_coding},
      {{}, {"gzip, chunked"}, Problem::unknown_coding},
      {{}, {"gzip", "chunked"}, Problem::unknown_coding},
      {{}, {"identity, chunked"}, Problem::unknown_coding},
      {{}, {"chunked, gzip, chunked"}, Problem::bad_coding},
      {{}, {"chunked, identity"}, Problem::bad_coding},
      {{}, {"chunked;q=1"}, Problem::bad_coding},
      {{}, {"xchunked"}, Problem::bad_coding},
      {{}, {"chunked", "gzip"}, Problem::bad_coding},
  };
  for (const FramingCase& c : cases) {
    Framing framing;
    testing::Message given;
    for (const auto& length : c.lengths) {
      framing.content_length(length);
      given << "Content-Length: " << length << "; ";
    }
    for (const auto& coding : c.codings) {
      framing.transfer_encoding(coding);
      given << "Transfer-Encoding: " << coding << "; ";
    }
    EXPECT_EQ(framing.problem(), c.problem) << given;
  }
}

TEST(Framing, GivesTheLength) {
  Framing framing;
  EXPECT_FALSE(framing.length());
  framing.content_length("1048576");
  EXPECT_EQ(framing.length(), 1048576U);
  EXPECT_FALSE(framing.chunked());
}

TEST(Framing, ALengthOfAnySizeStaysLarge) {
  for (const char* text : {"18446744073709551616", "18446744073709551617",
                           "99999999999999999999999999999999999999999"}) {
    Framing framing;
    framing.content_length(text);
    EXPECT_EQ(framing.problem(), Framing::Problem::none);
    EXPECT_GT(framing.length().value_or(0), std::uint64_t{1} << 55) << text;
  }
}

}  // namespace
}  // namespace gateway::http
