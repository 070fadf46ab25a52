#pragma once
#include <cstddef>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

namespace gateway {

enum class Colour { plain, dim, green, red, yellow, cyan };

// Text of events may hold anything, and a terminal is as wide as it is: what is printed as it comes
// can switch colours for ever, or wrap and tear a line that is rewritten. Lines are made of pieces
// here; control characters in them are replaced, and what does not fit is cut, never wrapped. On
// what is no terminal nothing is cut or coloured.
class Line {
 public:
  Line() = default;
  // What a terminal would obey becomes '?' (events/terminal_text.hpp).
  Line& add(std::string_view text, Colour colour = Colour::plain);
  // Returns the line for `columns` (0: as long as it is), coloured if asked.
  [[nodiscard]] std::string text(std::size_t columns, bool coloured) const;

 private:
  struct Piece {
    std::string text;
    Colour colour;
  };
  std::vector<Piece> pieces_;
};

// A stream of lines, and on a terminal one more below them that is rewritten in place. What cannot
// be written is lost, and the stream knows.
class Terminal {
 public:
  // Colours are used on a terminal unless NO_COLOR is set and not empty. One that obeys nothing
  // (TERM=dumb) counts as none.
  explicit Terminal(std::FILE* out);
  // Ends the status line.
  ~Terminal();
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;

  [[nodiscard]] bool is_terminal() const noexcept { return terminal_; }
  // Returns its width now, in columns; 0 where it is none.
  [[nodiscard]] std::size_t columns() const;
  void line(const Line& line);
  // Only on a terminal.
  void status(const Line& line);
  // Shows these lines in place of all that is there, as many as there is room for; on what is no
  // terminal one block after the other.
  void screen(const std::vector<Line>& lines);
  void flush() { std::fflush(out_); }
  // Returns whether all of it was written so far.
  [[nodiscard]] bool good() const noexcept { return std::ferror(out_) == 0; }

 private:
  // What cannot be written must not end what is being done: main() looks at the stream in the end.
  void write(std::string_view text) { std::fwrite(text.data(), 1, text.size(), out_); }
  void erase_status();
  // Returns its height now, in lines.
  [[nodiscard]] std::size_t rows() const;

  std::FILE* out_;
  const bool terminal_;
  const bool coloured_;
  bool status_shown_ = false;  // the cursor stands behind it
  bool screen_shown_ = false;
};

}  // namespace gateway
