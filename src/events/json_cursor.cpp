#include "events/json_cursor.hpp"

#include <array>
#include <cstring>

#include "events/json_text.hpp"

namespace gateway::events {
namespace {

constexpr std::string_view kTooDeep = "more than 1024 levels of nesting";

constexpr bool is_space(char c) noexcept {
  return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}
constexpr bool is_digit(char c) noexcept {
  return c >= '0' && c <= '9';
}
constexpr bool is_hex_digit(char c) noexcept {
  return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

// The end of the run of digits at `p`; null if there is none.
const char* digits(const char* p, const char* limit) noexcept {
  if (p == limit || !is_digit(*p)) return nullptr;
  while (p != limit && is_digit(*p)) ++p;
  return p;
}

}  // namespace

std::string JsonString::text() const {
  return has_escapes_ ? unescape_json_string(raw_) : std::string(raw_);
}

JsonCursor::JsonCursor(const char* text, std::size_t size, const std::uint32_t* tokens,
                       std::size_t count) noexcept
    : text_(text),
      text_end_(text + size),
      token_(tokens),
      last_(tokens + count),
      backslash_(find_backslash(text)) {}

std::size_t JsonCursor::end() const noexcept {
  const char* end = text_ + *token_;
  while (end != text_ && is_space(end[-1])) --end;
  return static_cast<std::size_t>(end - text_);
}

bool JsonCursor::value() {
  std::array<char, kMaxDepth> closers;  // the bracket each open container waits for
  std::size_t depth = 0;
  const std::size_t max_depth = kMaxDepth - depth_;
  for (;;) {
    switch (const char first = peek()) {
      case '{':
      case '[': {
        if (depth == max_depth) return fail(kTooDeep, offset());
        const char closer = first == '{' ? '}' : ']';
        ++token_;
        if (peek() == closer) {
          ++token_;
          break;
        }
        closers[depth++] = closer;
        if (closer == '}' && !skip_name()) return false;
        continue;  // with the first value of this container
      }
      case '"':
        if (!skip_string()) return false;
        break;
      case 't':
        if (!skip_literal("true")) return false;
        break;
      case 'f':
        if (!skip_literal("false")) return false;
        break;
      case 'n':
        if (!skip_literal("null")) return false;
        break;
      default:
        if (first != '-' && !is_digit(first)) return unexpected("expected a value");
        if (!skip_number()) return false;
    }
    // A value has ended: leave the containers that end here, go on to the next value.
    for (;;) {
      if (depth == 0) return true;
      const char closer = closers[depth - 1];
      const char after = peek();
      if (after == ',') {
        ++token_;
        if (closer == '}' && !skip_name()) return false;
        break;
      }
      if (after != closer) {
        return unexpected(closer == '}' ? "expected ',' or '}'" : "expected ',' or ']'");
      }
      ++token_;
      --depth;
    }
  }
}

bool JsonCursor::string(JsonString& out) {
  if (!next_is('"', "expected a string")) return false;
  const std::size_t begin = offset();
  const bool has_escapes = backslash_ < text_ + token_[1];
  if (!skip_string()) return false;
  out = JsonString(text(begin + 1, end() - 1), has_escapes, begin);
  return true;
}

bool JsonCursor::finish() {
  return token_ == last_ || fail("text after the JSON value", offset());
}

bool JsonCursor::fail(std::string_view reason, std::size_t offset) noexcept {
  error_ = Malformed(reason, offset);
  return false;
}

bool JsonCursor::unexpected(std::string_view reason) noexcept {
  return fail(token_ == last_ ? "the JSON text ends too early" : reason, offset());
}

bool JsonCursor::enter(char bracket, std::string_view otherwise) noexcept {
  if (!next_is(bracket, otherwise)) return false;
  if (depth_ == kMaxDepth) return fail(kTooDeep, offset());
  ++depth_;
  ++token_;
  return true;
}

bool JsonCursor::skip_name() noexcept {
  return next_is('"', "expected a member name in double quotes") && skip_string() &&
         expect(':', "expected ':' after a member name");
}

bool JsonCursor::skip_string() noexcept {
  ++token_;
  const char* const next = text_ + *token_;
  return backslash_ >= next || check_escapes(next);
}

// A backslash up to `limit`, the next token, lies within the string just passed: elsewhere it would
// have been a token or the rest of a bad one. The string's closing quote ends every look ahead.
bool JsonCursor::check_escapes(const char* limit) noexcept {
  while (backslash_ < limit) {
    const char* after = backslash_ + 1;
    switch (*after) {
      case '"':
      case '\\':
      case '/':
      case 'b':
      case 'f':
      case 'n':
      case 'r':
      case 't':
        ++after;
        break;
      case 'u':
        ++after;
        for (int i = 0; i < 4; ++i, ++after) {
          if (!is_hex_digit(*after)) {
            return fail("invalid escape in a string", static_cast<std::size_t>(backslash_ - text_));
          }
        }
        break;
      default:
        return fail("invalid escape in a string", static_cast<std::size_t>(backslash_ - text_));
    }
    backslash_ = find_backslash(after);
  }
  return true;
}

bool JsonCursor::skip_number() noexcept {
  const char* const limit = text_ + token_[1];
  const char* p = text_ + *token_;
  if (*p == '-') ++p;
  if (p != limit && *p == '0') {
    ++p;
  } else {
    p = digits(p, limit);
  }
  if (p != nullptr && p != limit && *p == '.') p = digits(p + 1, limit);
  if (p != nullptr && p != limit && (*p == 'e' || *p == 'E')) {
    ++p;
    if (p != limit && (*p == '+' || *p == '-')) ++p;
    p = digits(p, limit);
  }
  if (p == nullptr || !end_scalar(p)) return fail("invalid number", offset());
  return true;
}

bool JsonCursor::skip_literal(std::string_view literal) noexcept {
  const char* const begin = text_ + *token_;
  const char* const limit = text_ + token_[1];
  const bool same = static_cast<std::size_t>(limit - begin) >= literal.size() &&
                    std::memcmp(begin, literal.data(), literal.size()) == 0;
  if (!same || !end_scalar(begin + literal.size())) return fail("invalid literal", offset());
  return true;
}

// A number or literal ends at the next token or at white space; whatever else may follow white
// space would be a token of its own.
bool JsonCursor::end_scalar(const char* end) noexcept {
  if (end != text_ + token_[1] && !is_space(*end)) return false;
  ++token_;
  return true;
}

const char* JsonCursor::find_backslash(const char* from) const noexcept {
  const auto* found =
      static_cast<const char*>(std::memchr(from, '\\', static_cast<std::size_t>(text_end_ - from)));
  return found == nullptr ? text_end_ : found;
}

}  // namespace gateway::events
