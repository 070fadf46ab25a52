#include "gateway/http/chunked.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace gateway::http {
namespace {

using State = ChunkedDecoder::State;

struct Decoded {
  State state = State::incomplete;
  std::size_t consumed = 0;
  std::string body;
  friend bool operator==(const Decoded&, const Decoded&) = default;
};

std::ostream& operator<<(std::ostream& out, const Decoded& decoded) {
  return out << static_cast<int>(decoded.state) << " after " << decoded.consumed << ": "
             << decoded.body;
}

// Fed in pieces of the given size.
Decoded decode(std::string_view text, std::size_t piece) {
  ChunkedDecoder decoder;
  Decoded result;
  while (!text.empty() && result.state == State::incomplete) {
    const std::string in(text.substr(0, piece));
    std::string out(in.size(), '?');
    const auto progress = decoder.advance(in.data(), in.size(), out.data());
    result.state = progress.state;
    result.consumed += progress.consumed;
    result.body.append(out, 0, progress.produced);
    text.remove_prefix(progress.consumed);
    if (progress.state == State::incomplete) {
      EXPECT_EQ(progress.consumed, in.size());
    }
  }
  return result;
}

Decoded decode_whole(std::string_view text) {
  return decode(text, text.size() + 1);
}

constexpr std::string_view kBody =
    "4\r\nkept\r\n6\r\n apart\r\nE\r\n in \r\n\r\npieces\r\n0\r\n\r\n";

TEST(ChunkedDecoder, DecodesABodyAndStopsBehindIt) {
  const auto decoded = decode_whole(std::string(kBody) + "POST /next");
  EXPECT_EQ(decoded, (Decoded{State::complete, kBody.size(), "kept apart in \r\n\r\npieces"}));
}

TEST(ChunkedDecoder, DecodesTheSameInPiecesOfEverySize) {
  for (std::size_t piece = 1; piece <= kBody.size(); ++piece) {
    SCOPED_TRACE(piece);
    EXPECT_EQ(decode(kBody, piece),
              (Decoded{State::complete, kBody.size(), "kept apart in \r\n\r\npieces"}));
  }
}

TEST(ChunkedDecoder, DecodesInPlaceWhereverTheInputIsCut) {
  for (std::size_t cut = 0; cut <= kBody.size(); ++cut) {
    SCOPED_TRACE(cut);
    std::string bytes(kBody);
    ChunkedDecoder decoder;
    const auto first = decoder.advance(bytes.data(), cut, bytes.data());
    ASSERT_EQ(first.consumed, cut);
    const auto second =
        decoder.advance(bytes.data() + cut, bytes.size() - cut, bytes.data() + first.produced);
    EXPECT_EQ(second.state, State::complete);
    bytes.resize(first.produced + second.produced);
    EXPECT_EQ(bytes, "kept apart in \r\n\r\npieces");
  }
}

TEST(ChunkedDecoder, CountsABodyItDrops) {
  ChunkedDecoder decoder;
  const auto progress = decoder.advance(kBody.data(), kBody.size(), nullptr);
  EXPECT_EQ(progress.state, State::complete);
  EXPECT_EQ(progress.consumed, kBody.size());
  EXPECT_EQ(progress.produced, 24U);
}

TEST(ChunkedDecoder, CanBeUsedAgainAfterReset) {
  ChunkedDecoder decoder;
  char out[8];
  EXPECT_EQ(decoder.advance("5\r\nab", 5, out).state, State::incomplete);
  decoder.reset();
  EXPECT_EQ(decoder.advance("1\r\nx\r\n0\r\n\r\n", 11, out).state, State::complete);
  EXPECT_EQ(out[0], 'x');
}

TEST(ChunkedDecoder, TakesNothingOnceComplete) {
  ChunkedDecoder decoder;
  ASSERT_EQ(decoder.advance("0\r\n\r\n", 5, nullptr).state, State::complete);
  const auto more = decoder.advance("0\r\n\r\n", 5, nullptr);
  EXPECT_EQ(more.state, State::complete);
  EXPECT_EQ(more.consumed, 0U);
}

TEST(ChunkedDecoder, TakesEveryFormOfABody) {
  const struct {
    const char* name;
    std::string text;
    std::string body;
  } cases[] = {
      {"empty", "0\r\n\r\n", ""},
      {"several zeros", "000\r\n\r\n", ""},
      {"upper-case size", "A\r\n0123456789\r\n0\r\n\r\n", "0123456789"},
      {"lower-case size", "a\r\n0123456789\r\n0\r\n\r\n", "0123456789"},
      {"leading zeros", "0002\r\nab\r\n0\r\n\r\n", "ab"},
      {"extension", "2;name=value\r\nab\r\n0;last\r\n\r\n", "ab"},
      {"quoted extension", "2;n=\"a;b c\"\r\nab\r\n0\r\n\r\n", "ab"},
      {"blank before an extension", "2 \t;x\r\nab\r\n0\r\n\r\n", "ab"},
      {"trailers", "2\r\nab\r\n0\r\nA: b\r\nC:\td\r\n\r\n", "ab"},
      {"any bytes", std::string("4\r\n\0\r\n\xff\r\n0\r\n\r\n", 14), std::string("\0\r\n\xff", 4)},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.name);
    const Decoded expected{State::complete, c.text.size(), c.body};
    EXPECT_EQ(decode_whole(c.text), expected);
    EXPECT_EQ(decode(c.text, 1), expected);
  }
}

TEST(ChunkedDecoder, RefusesWhatIsNoChunkedBody) {
  const struct {
    const char* name;
    std::string text;
  } cases[] = {
      {"no size", "\r\nab"},
      {"blank before the size", " 2\r\nab\r\n"},
      {"not hexadecimal", "g\r\n"},
      {"sign", "-2\r\nab"},
      {"prefix", "0x2\r\nab"},
      {"size ends in LF", "2\nab\r\n0\r\n\r\n"},
      {"CR without LF behind the size", "2\rab"},
      {"data longer than its size", "2\r\nabc\r\n"},
      {"data ends in LF", "2\r\nab\n0\r\n\r\n"},
      {"data ends in CR alone", "2\r\nab\r0\r\n\r\n"},
      {"LF in an extension", "2;a\nb\r\nab\r\n0\r\n\r\n"},
      {"CR in an extension", "2;a\rb\r\nab\r\n0\r\n\r\n"},
      {"NUL in an extension", std::string("2;\0\r\nab\r\n0\r\n\r\n", 14)},
      {"extension without size", ";a\r\n"},
      {"trailer ends in LF", "0\r\nA: b\n\r\n"},
      {"folded trailer", "0\r\n A: b\r\n\r\n"},
      {"control character in a trailer", "0\r\nA: \x01\r\n\r\n"},
      {"DEL in a trailer", "0\r\nA: \x7f\r\n\r\n"},
      {"end in LF", "0\r\n\n"},
      {"end in CR and something else", "0\r\n\rx"},
      {"size of sixteen digits", "0000000000000001\r\na\r\n"},
      {"size that would wrap around", "10000000000000001\r\na\r\n"},
      {"all ones", "ffffffffffffffff\r\na\r\n"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.name);
    EXPECT_EQ(decode_whole(c.text).state, State::malformed);
    EXPECT_EQ(decode(c.text, 1).state, State::malformed);
  }
}

TEST(ChunkedDecoder, WaitsForTheRestOfAnyPrefix) {
  for (std::size_t size = 0; size < kBody.size(); ++size) {
    EXPECT_EQ(decode_whole(kBody.substr(0, size)).state, State::incomplete) << size;
  }
}

TEST(ChunkedDecoder, TakesTheLargestSizeThatCannotWrapAround) {
  EXPECT_EQ(decode_whole("fffffffffffffff\r\nabc").body, "abc");
}

TEST(ChunkedDecoder, BoundsTheSizeLine) {
  const auto with_extension = [](std::size_t line) {
    return "1;" + std::string(line - 2, 'x') + "\r\na\r\n0\r\n\r\n";
  };
  // The line's CR counts.
  EXPECT_EQ(decode_whole(with_extension(ChunkedDecoder::kMaxLine - 1)).state, State::complete);
  EXPECT_EQ(decode_whole(with_extension(ChunkedDecoder::kMaxLine)).state, State::malformed);
}

TEST(ChunkedDecoder, BoundsEachSizeLineByItself) {
  std::string text;
  for (int i = 0; i < 10; ++i) text += "1;" + std::string(1000, 'x') + "\r\na\r\n";
  EXPECT_EQ(decode_whole(text + "0\r\n\r\n").body, std::string(10, 'a'));
}

TEST(ChunkedDecoder, BoundsTheTrailers) {
  const auto with_trailers = [](std::size_t lines) {
    std::string text = "0\r\n";
    for (std::size_t i = 0; i < lines; ++i) text += "Name: 12345678901234567890\r\n";
    return text + "\r\n";
  };
  EXPECT_EQ(decode_whole(with_trailers(200)).state, State::complete);
  EXPECT_EQ(decode_whole(with_trailers(400)).state, State::malformed);
}

}  // namespace
}  // namespace gateway::http
