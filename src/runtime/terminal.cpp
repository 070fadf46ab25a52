#include "runtime/terminal.hpp"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <utility>

#include "events/terminal_text.hpp"
#include "events/utf8.hpp"
#include "runtime/environment.hpp"

namespace gateway {
namespace {

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

std::string_view code_of(Colour colour) {
  switch (colour) {
    case Colour::plain: break;
    case Colour::dim: return "2";
    case Colour::green: return "32";
    case Colour::red: return "31";
    case Colour::yellow: return "33";
    case Colour::cyan: return "36";
  }
  return {};
}

}  // namespace

Line& Line::add(std::string_view text, Colour colour) {
  pieces_.push_back({events::terminal_text(text), colour});
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
      const std::size_t size = events::utf8_sequence_length(text.substr(at));
      const std::size_t width = width_of(events::utf8_code_point(text.substr(at, size)));
      if (width > left) {
        end = at;
        cut = true;
        break;
      }
      left -= width;
      at += size;
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

Terminal::Terminal(std::FILE* out)
    : out_(out),
      terminal_(::isatty(::fileno(out)) == 1 && environment_variable("TERM") != "dumb"),
      coloured_(terminal_ && environment_variable("NO_COLOR").empty()) {}

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
  if (std::exchange(status_shown_, false)) write("\r\x1b[K");
}

void Terminal::line(const Line& line) {
  erase_status();
  write(line.text(columns(), coloured_) + '\n');
}

// In the last column a cursor would be about to wrap, and some terminals erase from there.
void Terminal::status(const Line& line) {
  if (!terminal_) return;
  write('\r' + line.text(std::max<std::size_t>(columns(), 2) - 1, coloured_) + "\x1b[K");
  status_shown_ = true;
  flush();
}

std::size_t Terminal::rows() const {
  constexpr std::size_t kUsual = 24;
  winsize size{};
  if (::ioctl(::fileno(out_), TIOCGWINSZ, &size) != 0 || size.ws_row == 0) return kUsual;
  return size.ws_row;
}

void Terminal::screen(const std::vector<Line>& lines) {
  if (!terminal_) {
    for (const Line& one : lines) line(one);
    line(Line());
    flush();
    return;
  }
  // Each line is erased behind its end and what is below in the end, so that nothing flickers.
  std::string text = std::exchange(screen_shown_, true) ? "\x1b[H" : "\x1b[2J\x1b[H";
  const std::size_t most = std::max<std::size_t>(rows(), 2) - 1;
  const std::size_t width = columns();
  for (std::size_t i = 0; i < std::min(lines.size(), most); ++i) {
    text += lines[i].text(width, coloured_) + "\x1b[K\n";
  }
  write(text + "\x1b[J");
  flush();
}

}  // namespace gateway
