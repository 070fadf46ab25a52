#pragma once
#include <boost/assert/source_location.hpp>
#include <boost/system/result.hpp>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace gateway::routing {

// Why a text is no pattern, and which of its characters is at fault.
class BadPattern {
 public:
  constexpr BadPattern() = default;  // required by boost::system::result
  // `reason` must be a string literal.
  constexpr BadPattern(std::string_view reason, std::size_t character) noexcept
      : reason_(reason), character_(character) {}

  [[nodiscard]] constexpr std::string_view reason() const noexcept { return reason_; }
  // Returns the position of the character: code points, from 1.
  [[nodiscard]] constexpr std::size_t character() const noexcept { return character_; }
  // Returns both, for a message.
  [[nodiscard]] std::string text() const;

 private:
  std::string_view reason_;
  std::size_t character_ = 0;
};

[[noreturn]] void throw_exception_from_error(const BadPattern& error,
                                             const boost::source_location& location);

// A glob pattern that a whole object key must match:
//
//   *       any text without `/`
//   **      any text; as a whole segment, `**/` also stands for no segment at all
//   ?       one character but `/`
//   [a-z]   one character of a set, never `/`; `[!a-z]` and `[^a-z]`: one that is not in it
//   \       takes the special meaning from the next character
//
// A character is a code point. Compiled once; matching allocates nothing, and takes at most time in
// proportion to the square of the key's length, for nearly all patterns to the length itself.
class Pattern {
 public:
  // COS takes no longer keys, in bytes of UTF-8.
  static constexpr std::size_t kLongestKey = 850;

  enum class Kind : std::uint8_t {
    literal,   // these bytes
    any,       // one character but `/`
    set,       // one character that is in one of these ranges
    no_set,    // one character but `/` that is in none of them
    star,      // characters but `/`
    stars,     // characters
    segments,  // whole segments, each with its `/`; stands only where a segment begins
  };
  // A part of a pattern; what its bytes or ranges are is in [begin, end) of their list.
  struct Element {
    Kind kind;
    std::uint32_t begin = 0;
    std::uint32_t end = 0;
  };
  struct Range {
    char32_t first;
    char32_t last;
  };

  // Returns the pattern, or why there is none; patterns that no key can match are refused as well.
  [[nodiscard]] static boost::system::result<Pattern, BadPattern> compile(std::string_view text);
  // Returns the pattern of keys that begin so.
  [[nodiscard]] static Pattern begins_with(std::string_view prefix);
  // Returns the pattern of keys that end so.
  [[nodiscard]] static Pattern ends_with(std::string_view suffix);

  [[nodiscard]] bool matches(std::string_view key) const noexcept {
    return may_match(key) && matches_whole(key);
  }

  // Returns the pattern as it was written.
  [[nodiscard]] const std::string& text() const noexcept { return text_; }
  [[nodiscard]] std::span<const Element> elements() const noexcept { return elements_; }
  [[nodiscard]] std::string_view literal(const Element& element) const noexcept {
    return std::string_view(literals_).substr(element.begin, element.end - element.begin);
  }
  [[nodiscard]] std::span<const Range> ranges(const Element& element) const noexcept {
    return std::span(ranges_).subspan(element.begin, element.end - element.begin);
  }
  // Returns whether an element of one character stands for this one.
  [[nodiscard]] bool stands_for(const Element& element, char32_t character) const noexcept;

 private:
  class Compiler;

  Pattern() = default;
  void add_literal(std::string_view bytes);
  // Sets apart the literals at both ends, which are compared before anything else.
  void find_ends() noexcept;
  // Returns false for nearly all keys that do not match: they differ in the first byte of the
  // pattern's beginning or in the last byte of its end.
  [[nodiscard]] bool may_match(std::string_view key) const noexcept {
    if (key.empty()) return true;
    return (!has_head_ || key.front() == first_) && (!has_tail_ || key.back() == last_);
  }
  [[nodiscard]] bool matches_whole(std::string_view key) const noexcept;
  [[nodiscard]] bool matches_middle(std::string_view key) const noexcept;

  std::string text_;
  std::string literals_;
  std::vector<Range> ranges_;
  std::vector<Element> elements_;
  // Of elements_, those between the ends.
  std::size_t middle_begin_ = 0;
  std::size_t middle_end_ = 0;
  bool any_middle_ = false;  // they stand for any text
  bool has_head_ = false;    // there is a literal at the beginning, one at the end
  bool has_tail_ = false;
  char first_ = '\0';  // of the literal at the beginning, and the last one of that at the end
  char last_ = '\0';
};

}  // namespace gateway::routing
