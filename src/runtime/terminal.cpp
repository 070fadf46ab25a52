#include "runtime/terminal.hpp"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <utility>

namespace gateway {
namespace {

// One character of UTF-8.
struct Character {
  char32_t code = 0;
  std::size_t size = 1;  // bytes
  bool good = false;
};

Character first_of(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned first = byte(0);
  if (first < 0x80) return {first, 1, true};
  const std::size_t size = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || text.size() < size) return {};
  char32_t code = first & (0xffU >> (size + 1));
  for (std::size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xc0U) != 0x80U) return {};
    code = code << 6U | (byte(i) & 0x3fU);
  }
  constexpr std::array<char32_t, 5> kLeast{0, 0, 0x80, 0x800, 0x10000};
  const bool good = code >= kLeast[size] && code <= 0x10ffff && (code < 0xd800 || code > 0xdfff);
  return {code, good ? size : 1, good};
}

// The columns a terminal gives a character: East Asian and emoji two, marks on another one none.
std::size_t width_of(char32_t code) {
  using Range = std::pair<char32_t, char32_t>;
  static constexpr std::array<Range, 6> kNone{{{0x0300, 0x036f},
                                               {0x200b, 0x200f},
                                               {0x202a, 0x202e},
                                               {0x2060, 0x2069},
                                               {0xfe00, 0xfe0f},
                                               {0xfeff, 0xfeff}}};
  static constexpr std::array<Range, 9> kTwo{{{0x1100, 0x115f},
                                              {0x2e80, 0xa4cf},
                                              {0xac00, 0xd7a3},
                                              {0xf900, 0xfaff},
                                              {0xfe30, 0xfe6f},
                                              {0xff00, 0xff60},
                                              {0xffe0, 0xffe6},
                                              {0x1f300, 0x1faff},
                                              {0x20000, 0x3fffd}}};
  const auto holds = [code](const Range& range) {
    return code >= range.first && code <= range.second;
  };
  if (std::ranges::any_of(kNone, holds)) return 0;
  return std::ranges::any_of(kTwo, holds) ? 2 : 1;
}

// Direction marks reorder what stands beside them, which is no better than a control character.
bool is_control(char32_t code) {
  return code < 0x20 || (code >= 0x7f && code < 0xa0) || (code >= 0x200e && code <= 0x200f) ||
         (code >= 0x2028 && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069);
}

std::string_view code_of(Colour colour) {
  switch (colour) {
    case Colour::plain:
      break;
    case Colour::dim:
      return "2";
    case Colour::green:
      return "32";
    case Colour::red:
      return "31";
    case Colour::yellow:
      return "33";
    case Colour::cyan:
      return "36";
  }
  return {};
}

}  // namespace

Line& Line::add(std::string_view text, Colour colour) {
  Piece piece{{}, colour};
  while (!text.empty()) {
    const Character character = first_of(text);
    if (!character.good || is_control(character.code)) {
      piece.text += '?';
    } else {
      piece.text += text.substr(0, character.size);
    }
    text.remove_prefix(character.size);
  }
  pieces_.push_back(std::move(piece));
  return *this;
}

std::string Line::text(std::size_t columns, bool coloured) const {
  std::string out;
  std::size_t left = columns;
  for (const Piece& piece : pieces_) {
    std::string_view text = piece.text;
    std::size_t end = text.size();
    bool cut = false;
    for (std::size_t at = 0; columns != 0 && at < text.size();) {
      const Character character = first_of(text.substr(at));
      const std::size_t width = width_of(character.code);
      if (width > left) {
        end = at;
        cut = true;
        break;
      }
      left -= width;
      at += character.size;
    }
    text = text.substr(0, end);
    const std::string_view code = coloured ? code_of(piece.colour) : std::string_view();
    if (code.empty() || text.empty()) {
      out += text;
    } else {
      out += fmt::format("\x1b[{}m{}\x1b[0m", code, text);
    }
    if (cut) break;
  }
  return out;
}

Terminal::Terminal(std::FILE* out) : out_(out), terminal_(::isatty(::fileno(out)) == 1) {
  // NOLINTNEXTLINE(concurrency-mt-unsafe): read once, before there is any other thread
  const char* const no_colour = std::getenv("NO_COLOR");
  coloured_ = terminal_ && (no_colour == nullptr || *no_colour == '\0');
}

Terminal::~Terminal() {
  erase_status();
  flush();
}

std::size_t Terminal::columns() const {
  constexpr std::size_t kUsual = 80;  // of one that does not say
  if (!terminal_) return 0;
  winsize size{};
  if (::ioctl(::fileno(out_), TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return kUsual;
  return size.ws_col;
}

void Terminal::erase_status() {
  if (std::exchange(status_shown_, false)) fmt::print(out_, "\r\x1b[K");
}

void Terminal::line(const Line& line) {
  erase_status();
  fmt::print(out_, "{}\n", line.text(columns(), coloured_));
}

// In the last column a cursor would be about to wrap, and some terminals erase from there.
void Terminal::status(const Line& line) {
  if (!terminal_) return;
  fmt::print(out_, "\r{}\x1b[K", line.text(std::max<std::size_t>(columns(), 2) - 1, coloured_));
  status_shown_ = true;
  flush();
}

void Terminal::flush() {
  std::fflush(out_);
}

}  // namespace gateway
