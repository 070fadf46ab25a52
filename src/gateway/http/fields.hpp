#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>
#include <utility>

#include "events/ascii.hpp"

// The parts of HTTP/1.1 message heads that requests and answers share (RFC 9110 section 5,
// RFC 9112 sections 2, 5, 6). Strict where leniency has been used to smuggle requests: lines end in
// CRLF, field names are tokens with the colon right behind them, no line folding, no control
// characters.
namespace gateway::http {

// How many bytes a head may have before it is refused.
inline constexpr std::size_t kMaxHead = std::size_t{16} << 10;
inline constexpr std::size_t kMaxFields = 100;

// A part of the head, as offsets: the buffer that holds it may move while the body is read.
struct Slice {
  std::uint32_t offset = 0;
  std::uint32_t length = 0;
  [[nodiscard]] std::string_view in(const char* base) const noexcept {
    return {base + offset, length};
  }
};

// Finds the lines of a head as its bytes arrive, looking at each byte once. Refuses every control
// character but tabs and line ends.
class HeadScan {
 public:
  enum class State { incomplete, complete, malformed, too_many_lines };
  // `data` begins at the head's first byte and holds `size` bytes, those of earlier calls included;
  // at most kMaxHead of them are looked at.
  State advance(const char* data, std::size_t size) noexcept;
  // Returns how many bytes the head has, its blank line included; only when complete.
  [[nodiscard]] std::size_t size() const noexcept { return line_; }
  // Returns how many lines there are: the start line and the field lines.
  [[nodiscard]] std::size_t lines() const noexcept { return lines_; }
  // Returns line `i` without its CRLF.
  [[nodiscard]] std::string_view line(const char* data, std::size_t i) const noexcept {
    const std::size_t begin = i == 0 ? 0 : ends_[i - 1] + std::size_t{2};
    return {data + begin, ends_[i] - begin};
  }
  // Return where line `i` ends and where its first colon is, 0 if there is none; both counted from
  // the head's first byte.
  [[nodiscard]] std::size_t line_end(std::size_t i) const noexcept { return ends_[i]; }
  [[nodiscard]] std::size_t colon(std::size_t i) const noexcept { return colons_[i]; }
  void reset() noexcept {
    scanned_ = line_ = lines_ = 0;
    colon_ = 0;
    cut_at_return_ = false;
  }

 private:
  State on_control(const char* data, std::size_t at, std::size_t size) noexcept;
  void note_colon(std::size_t at) noexcept {
    if (colon_ == 0) colon_ = static_cast<std::uint16_t>(at);
  }

  std::size_t scanned_ = 0;
  std::size_t line_ = 0;  // where the current line begins
  std::size_t lines_ = 0;
  bool cut_at_return_ = false;  // the bytes end between CR and LF
  std::uint16_t colon_ = 0;     // the first one of the current line; none is at 0 of a valid head
  std::array<std::uint16_t, kMaxFields + 1> ends_;    // of each line, its CR
  std::array<std::uint16_t, kMaxFields + 1> colons_;  // of each line, its first one
  static_assert(kMaxHead <= 65'536);
};

// Returns true if `text` is a token (RFC 9110 section 5.6.2).
[[nodiscard]] bool is_token(std::string_view text) noexcept;

// Walks the field lines of a complete head.
class FieldWalk {
 public:
  FieldWalk(const char* data, const HeadScan& scan) noexcept
      : data_(data), scan_(scan), begin_(data + scan.line_end(0) + 2) {}
  // Moves to the next field. Returns false at the end and at a malformed line.
  [[nodiscard]] bool next() noexcept {
    if (line_ == scan_.lines()) return false;
    const char* const colon = data_ + scan_.colon(line_);
    const char* end = data_ + scan_.line_end(line_);
    const char* const begin = std::exchange(begin_, end + 2);
    ++line_;
    // A line that begins with white space is obsolete folding: no name begins with a blank. What is
    // in front of the colon must be a token; is_name() says so of the names it knows.
    malformed_ = colon <= begin;  // there is none, or nothing in front of it
    if (malformed_) return false;
    name_ = {begin, colon};
    // Of the characters up to the blank only the tab is in a head that HeadScan accepted.
    const auto is_blank = [](char c) { return static_cast<unsigned char>(c) <= ' '; };
    const char* value = colon + 1;
    while (value != end && is_blank(*value)) ++value;
    while (value != end && is_blank(end[-1])) --end;
    value_ = {value, end};
    return true;
  }
  // Returns the field's name, not empty, letter case as received; see check_unknown().
  [[nodiscard]] std::string_view name() const noexcept { return name_; }
  // Returns the field's value without surrounding white space.
  [[nodiscard]] std::string_view value() const noexcept { return value_; }
  // Checks that the name is a token; call it for every name that is_name() did not recognise.
  // Returns false, and ends the walk, if it is none.
  [[nodiscard]] bool check_unknown() noexcept {
    malformed_ = !is_token(name_);
    return !malformed_;
  }
  [[nodiscard]] bool malformed() const noexcept { return malformed_; }

 private:
  const char* data_;
  const HeadScan& scan_;
  const char* begin_;  // of line_
  std::size_t line_ = 1;
  std::string_view name_;
  std::string_view value_;
  bool malformed_ = false;
};

// Returns true if `name`, of a head that HeadScan accepted, is `lower`, a name of letters, hyphens
// and slashes in lower case, in any letter case. Eight characters at a time: setting bit 5 maps
// nothing but the two cases of a letter onto a letter, and only a control character, which is not
// there, onto a hyphen or slash.
template <std::size_t N>
[[nodiscard]] bool is_name(std::string_view name, const char (&lower)[N]) noexcept {
  constexpr std::size_t kSize = N - 1;
  constexpr std::uint64_t kLower = 0x2020202020202020;
  if (name.size() != kSize) return false;
  const auto differs = [&](std::size_t at, std::size_t size) {
    std::uint64_t a = 0;
    std::uint64_t b = 0;
    std::memcpy(&a, name.data() + at, size);
    std::memcpy(&b, lower + at, size);
    return ((a | kLower) ^ (b | kLower)) != 0;
  };
  std::size_t at = 0;
  for (; at + 8 <= kSize; at += 8) {
    if (differs(at, 8)) return false;
  }
  return at == kSize || !differs(at, kSize - at);
}

// Calls `each` with the trimmed members of a comma-separated list, empty ones as well.
template <class Each>
void for_each_element(std::string_view list, Each each) {
  for (bool more = true; more;) {
    const std::size_t comma = list.find(',');
    more = comma != std::string_view::npos;
    each(without_outer_blanks(list.substr(0, comma)));
    if (more) list.remove_prefix(comma + 1);
  }
}

// As for_each_element(), but passes over empty members (RFC 9110 section 5.6.1.2).
template <class Each>
void for_each_in_list(std::string_view list, Each each) {
  for_each_element(list, [&each](std::string_view item) {
    if (!item.empty()) each(item);
  });
}

// Gathers a message's framing fields and decides how its body is delimited (RFC 9112 section 6.3).
class Framing {
 public:
  enum class Problem {
    none,
    bad_length,
    two_lengths,
    length_and_coding,
    bad_coding,     // the body's end is not known
    unknown_coding  // it is, but not what the body says
  };

  void content_length(std::string_view value) noexcept;
  void transfer_encoding(std::string_view value) noexcept;

  [[nodiscard]] Problem problem() const noexcept { return coded_ ? problem_of_coding() : problem_; }
  // If there is no problem.
  [[nodiscard]] bool chunked() const noexcept { return coded_; }
  [[nodiscard]] std::optional<std::uint64_t> length() const noexcept { return length_; }

 private:
  [[nodiscard]] Problem problem_of_coding() const noexcept;

  std::optional<std::uint64_t> length_;
  bool coded_ = false;
  bool ends_in_chunked_ = false;
  bool unknown_coding_ = false;
  Problem problem_ = Problem::none;
};

}  // namespace gateway::http
