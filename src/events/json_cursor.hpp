#pragma once
#include <array>
#include <bit>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "events/json_depth.hpp"
#include "events/malformed.hpp"

namespace gateway::events {

// A string of a JSON text: what stands between its quotes, escapes and all.
class JsonString {
 public:
  JsonString() = default;
  JsonString(std::string_view raw, bool has_escapes, std::size_t offset) noexcept
      : raw_(raw), has_escapes_(has_escapes), offset_(offset) {}

  [[nodiscard]] std::string_view raw() const noexcept { return raw_; }
  // Of the opening quote, from the start of the text.
  [[nodiscard]] std::size_t offset() const noexcept { return offset_; }
  [[nodiscard]] bool has_escapes() const noexcept { return has_escapes_; }
  // What it means.
  [[nodiscard]] std::string text() const;
  // Likewise, in the memory that `out` has.
  void write_to(std::string& out) const;
  // Whether it means `text`, however it is spelled.
  [[nodiscard]] bool is(std::string_view text) const {
    return has_escapes_ ? this->text() == text : raw_ == text;
  }

 private:
  std::string_view raw_;
  bool has_escapes_ = false;
  std::size_t offset_ = 0;
};

inline constexpr std::ptrdiff_t kEight = 8;

// Returns how many of the eight bytes at `text` are digits before the first that is none.
[[nodiscard]] inline int leading_digits(const char* text) noexcept {
  std::uint64_t bytes = 0;
  std::memcpy(&bytes, text, sizeof bytes);
  if constexpr (std::endian::native == std::endian::big) bytes = __builtin_bswap64(bytes);
  bytes ^= 0x3030'3030'3030'3030;  // makes a digit 0 to 9; then the high bits tell the others
  const std::uint64_t others = (bytes | (bytes + 0x7676'7676'7676'7676)) & 0x8080'8080'8080'8080;
  return std::countr_zero(others) / 8;  // a carry reaches only bytes behind one that is no digit
}

inline constexpr std::string_view kTooDeep = "more than 1024 levels of nesting";

// Walks a JSON text token by token and validates every byte it passes as RFC 8259 says. Made by
// JsonIndex, whose index of tokens it steps along: the first byte of every bracket, comma, colon,
// string, number and literal. What lies between two tokens is the rest of the first one and white
// space; UTF-8, control characters and unclosed strings have been checked before.
//
//   {"a" : [12, true]}
//   ^^   ^ ^^ ^ ^   ^^     tokens
//
// Each step returns whether the text was as it must be; after a false, error() says what is wrong
// and the cursor must not be used further. Reads nothing outside the text. A lone surrogate escape
// is let through, as is any size of number: the grammar has both.
class JsonCursor {
 public:
  // `tokens` holds `count` offsets, ascending, and then the first of them once more. `max_depth` is
  // at most JsonDepth::kRead.
  JsonCursor(const char* text, std::size_t size, const std::uint32_t* tokens, std::size_t count,
             std::size_t max_depth) noexcept;

  // Returns whether the next value is an object whose first member's name is spelled `name`. Passes
  // nothing.
  [[nodiscard]] bool begins_with_member(std::string_view name) const noexcept {
    if (peek() != '{' || token_ + 1 >= last_) return false;
    const std::size_t at = token_[1];
    const auto left = static_cast<std::size_t>(text_end_ - text_) - at;
    return left > name.size() + 1 && text_[at] == '"' && text_[at + 1 + name.size()] == '"' &&
           std::memcmp(text_ + at + 1, name.data(), name.size()) == 0;
  }
  // First byte of the next token; NUL at the end of the text, which no token begins with.
  [[nodiscard]] char peek() const noexcept { return token_ == last_ ? '\0' : text_[*token_]; }
  // Where the next token begins; the size of the text at its end.
  [[nodiscard]] std::size_t offset() const noexcept { return offset_of(token_); }
  // Where what was passed last ends: just behind its last byte, white space left out.
  [[nodiscard]] std::size_t end() const noexcept;
  [[nodiscard]] std::string_view text(std::size_t from, std::size_t to) const noexcept {
    return {text_ + from, to - from};
  }

  // Demands that the next token begins with `first`, and stays before it.
  [[nodiscard]] bool next_is(char first, std::string_view otherwise) noexcept {
    return peek() == first || unexpected(otherwise);
  }
  // Passes one value of any kind.
  [[nodiscard]] bool value() {
    const char first = peek();
    if (first == '{' || first == '[') return skip_container() && check_escapes();
    return first == '"' ? skip_string() : skip_scalar();
  }
  // Passes an object without a look at escapes, for which the caller calls check_escapes() once it
  // has passed what it wants to. Of each member, `on_container(name)` must pass the value if that
  // is an object or an array, and return whether it could; afterwards `on_member(name)` is called.
  // `name` is the token of the member's name; the value's is the next but one.
  template <class OnContainer, class OnMember>
  [[nodiscard]] bool members(OnContainer&& on_container, OnMember&& on_member) noexcept;
  // Passes an object or an array in the same way.
  [[nodiscard]] bool container() noexcept { return skip_container(); }
  // Returns whether the escapes of all the strings that were passed are good.
  [[nodiscard]] bool check_escapes() noexcept;
  // Passes an object as value() does, and tells `watch` of the tokens on the way, where `depth`
  // counts the containers around what comes next:
  //   on_name(token)           a member's name; its value's token is the next but one
  //   on_enter(depth, token)   a bracket that opens; of a member's value, the name's token is the
  //                            last but one
  //   on_leave(depth)          a container has ended
  template <class Watch>
  [[nodiscard]] bool watched_object(Watch& watch) {
    return next_is('{', "expected an object") && skip_container(watch) && check_escapes();
  }
  [[nodiscard]] std::size_t size() const noexcept {
    return static_cast<std::size_t>(text_end_ - text_);
  }
  // Returns the token that has not been passed yet.
  [[nodiscard]] const std::uint32_t* next_token() const noexcept { return token_; }
  // Returns which byte a token begins with.
  [[nodiscard]] char first_of(const std::uint32_t* token) const noexcept { return text_[*token]; }
  // Returns all that stands behind the first byte of a token.
  [[nodiscard]] std::string_view text_behind(const std::uint32_t* token) const noexcept {
    const char* const begin = text_ + *token + 1;
    return {begin, static_cast<std::size_t>(text_end_ - begin)};
  }
  // Returns where the first backslash is that has not been passed; the size of the text if there is
  // none.
  [[nodiscard]] std::size_t next_backslash() const noexcept {
    return static_cast<std::size_t>(backslash_ - text_);
  }
  // Returns where the last escape begins that has been passed; 0 if there was none.
  [[nodiscard]] std::size_t last_backslash() const noexcept { return last_backslash_; }
  // Returns how many escapes by number, \u0061, have been passed: nothing else can hide a letter.
  [[nodiscard]] std::size_t numbered_escapes() const noexcept { return numbered_escapes_; }
  // Returns what stands at a token, white space behind it left out: a string with its quotes.
  [[nodiscard]] std::string_view text_of(const std::uint32_t* token) const noexcept;
  [[nodiscard]] bool string(JsonString& out);
  // Passes an object. `on_member(const JsonString& name)` must pass the value and return its bool.
  template <class OnMember>
  [[nodiscard]] bool object(OnMember&& on_member);
  // Passes an array. `on_element()` must pass the element and return its bool.
  template <class OnElement>
  [[nodiscard]] bool array(OnElement&& on_element);
  // The text must end here.
  [[nodiscard]] bool finish();

  // Notes an error, for callers that expect more than the grammar does. Always false.
  bool fail(std::string_view reason, std::size_t offset) noexcept;
  [[nodiscard]] const Malformed& error() const noexcept { return error_; }

 private:
  [[nodiscard]] bool expect(char token, std::string_view otherwise) noexcept;
  [[nodiscard]] bool enter(char bracket, std::string_view otherwise) noexcept;
  [[nodiscard]] bool skip_container() noexcept;
  template <class Watch>
  [[nodiscard]] bool skip_container(Watch& watch) noexcept;
  [[nodiscard]] bool skip_string() noexcept;
  [[nodiscard]] bool skip_scalar() noexcept;
  // Returns whether the bytes from `begin` to `end` are what nearly all numbers are: digits that
  // begin with no zero.
  [[nodiscard]] bool is_integer(const char* begin, const char* end) const noexcept;
  [[nodiscard]] bool check_passed_escapes() noexcept;
  bool too_deep() noexcept;
  [[nodiscard]] bool skip_number() noexcept;
  [[nodiscard]] bool skip_literal(std::string_view literal) noexcept;
  [[nodiscard]] bool end_scalar(const char* end) noexcept;
  bool unexpected(std::string_view reason) noexcept;
  [[nodiscard]] std::size_t offset_of(const std::uint32_t* token) const noexcept {
    return token == last_ ? static_cast<std::size_t>(text_end_ - text_) : *token;
  }
  // Where what stands before a token ends, white space left out.
  [[nodiscard]] std::size_t end_before(const std::uint32_t* token) const noexcept;
  // Where the text of the next token ends at the latest: where the one behind it begins.
  [[nodiscard]] std::size_t token_end() const noexcept { return offset_of(token_ + 1); }
  [[nodiscard]] const char* find_backslash(const char* from) const noexcept;

  const char* text_;
  const char* text_end_;
  const std::uint32_t* token_;
  const std::uint32_t* last_;  // the one past the last token
  const char* backslash_;      // the first one that has not been looked at; text_end_ if none
  std::size_t last_backslash_ = 0;
  std::size_t numbered_escapes_ = 0;
  std::size_t depth_ = 0;  // of object() and array(), not within value()
  std::size_t max_depth_;
  Malformed error_;
};

// Eight digits at a time.
inline bool JsonCursor::is_integer(const char* begin, const char* end) const noexcept {
  if (*begin < '1' || *begin > '9') return false;
  const char* at = begin;
  for (; text_end_ - at >= kEight; at += kEight) {
    const int digits = leading_digits(at);
    if (digits != kEight) return at + digits == end;
  }
  while (at != text_end_ && *at >= '0' && *at <= '9') ++at;
  return at == end;
}

inline std::size_t JsonCursor::end_before(const std::uint32_t* token) const noexcept {
  const char* end = text_ + offset_of(token);
  // What was passed ends with none of the characters up to the blank, and white space is all of
  // them that may follow.
  const auto is_space = [](char c) { return static_cast<unsigned char>(c) <= ' '; };
  while (end != text_ && is_space(end[-1])) --end;
  return static_cast<std::size_t>(end - text_);
}

inline std::size_t JsonCursor::end() const noexcept {
  return end_before(token_);
}

inline std::string_view JsonCursor::text_of(const std::uint32_t* token) const noexcept {
  return text(*token, end_before(token + 1));
}

inline bool JsonCursor::check_escapes() noexcept {
  return backslash_ >= text_ + offset() || check_passed_escapes();
}

inline bool JsonCursor::string(JsonString& out) {
  if (!next_is('"', "expected a string")) return false;
  const std::size_t begin = *token_;
  ++token_;
  const std::size_t behind = offset();
  const bool has_escapes = backslash_ < text_ + behind;
  if (has_escapes && !check_passed_escapes()) return false;
  out = JsonString(text(begin + 1, end() - 1), has_escapes, begin);
  return true;
}

inline bool JsonCursor::enter(char bracket, std::string_view otherwise) noexcept {
  if (!next_is(bracket, otherwise)) return false;
  if (depth_ == max_depth_) return too_deep();
  ++depth_;
  ++token_;
  return true;
}

inline bool JsonCursor::expect(char token, std::string_view otherwise) noexcept {
  if (!next_is(token, otherwise)) return false;
  ++token_;
  return true;
}

template <class OnMember>
bool JsonCursor::object(OnMember&& on_member) {
  if (!enter('{', "expected an object")) return false;
  if (peek() == '}') {
    ++token_;
  } else {
    for (;;) {
      JsonString name;
      if (!next_is('"', "expected a member name in double quotes")) return false;
      if (!string(name) || !expect(':', "expected ':' after a member name")) return false;
      if (!on_member(static_cast<const JsonString&>(name))) return false;
      if (peek() != ',') break;
      ++token_;
    }
    if (!expect('}', "expected ',' or '}'")) return false;
  }
  --depth_;
  return true;
}

// Where nearly all of a post's tokens are passed, hence with all it needs in registers. It need not
// ask at every token whether that is the one past the last: JsonIndex lets that one repeat the
// text's first, which is a bracket here, and only where a value may begin is an opening bracket
// right.
template <class Watch>
bool JsonCursor::skip_container(Watch& watch) noexcept {
  assert(text_[*last_] == '{' || text_[*last_] == '[');
  const char* const text = text_;
  const std::uint32_t* token = token_;
  std::array<char, JsonDepth::kRead> outer;  // the closers of the containers around the innermost
  const std::size_t max_depth = max_depth_ - depth_;
  std::size_t depth = 0;
  char closer = '\0';  // the bracket the innermost container waits for
  const auto stop = [&](std::string_view reason) {
    token_ = token;
    return unexpected(reason);
  };

  for (;;) {
    if (closer == '}') {
      if (text[*token] != '"') return stop("expected a member name in double quotes");
      watch.on_name(token);
      ++token;
      if (text[*token] != ':') return stop("expected ':' after a member name");
      ++token;
    }
    const char first = text[*token];
    if (first == '{' || first == '[') {
      if (token == last_) return stop("expected a value");
      if (depth == max_depth) return fail(kTooDeep, *token);
      outer[depth++] = closer;
      closer = first == '{' ? '}' : ']';
      watch.on_enter(depth, token);
      ++token;
      if (text[*token] != closer) continue;  // with the first value in it
    } else if (first == '"' || is_integer(text + *token, text + token[1])) {
      ++token;
    } else {
      token_ = token;
      if (!skip_scalar()) return false;
      token = token_;
    }
    // A value has ended: leave the containers that end with it, go on to the next value.
    while (text[*token] == closer) {
      ++token;
      closer = outer[--depth];
      watch.on_leave(depth);
      if (depth == 0) {
        token_ = token;
        return true;
      }
    }
    if (text[*token] != ',') {
      return stop(closer == '}' ? "expected ',' or '}'" : "expected ',' or ']'");
    }
    ++token;
  }
}

// With the token at hand in a register, as in skip_container(). Numbers are passed elsewhere: this
// code stands wherever objects are passed, and few of their members are numbers.
template <class OnContainer, class OnMember>
bool JsonCursor::members(OnContainer&& on_container, OnMember&& on_member) noexcept {
  if (!enter('{', "expected an object")) return false;
  const char* const text = text_;
  const std::uint32_t* token = token_;
  const auto stop = [&](std::string_view reason) {
    token_ = token;
    return unexpected(reason);
  };
  if (text[*token] != '}') {
    for (;;) {
      const std::uint32_t* const name = token;
      if (text[*token] != '"') return stop("expected a member name in double quotes");
      ++token;
      if (text[*token] != ':') return stop("expected ':' after a member name");
      ++token;
      const char first = text[*token];
      if (first == '{' || first == '[') {
        token_ = token;
        if (!on_container(name)) return false;
        token = token_;
      } else if (first == '"') {
        ++token;
      } else {
        token_ = token;
        if (!skip_scalar()) return false;
        token = token_;
      }
      on_member(name);
      if (text[*token] != ',') break;
      ++token;
    }
    if (text[*token] != '}') return stop("expected ',' or '}'");
  }
  --depth_;
  token_ = token + 1;
  return true;
}

template <class OnElement>
bool JsonCursor::array(OnElement&& on_element) {
  if (!enter('[', "expected an array")) return false;
  if (peek() == ']') {
    ++token_;
  } else {
    for (;;) {
      if (!on_element()) return false;
      if (peek() != ',') break;
      ++token_;
    }
    if (!expect(']', "expected ',' or ']'")) return false;
  }
  --depth_;
  return true;
}

}  // namespace gateway::events
