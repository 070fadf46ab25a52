#include "events/json_cursor.hpp"

#include "events/ascii.hpp"
#include "events/json_text.hpp"

namespace gateway::events {
namespace {

constexpr bool is_space(char c) noexcept {
  return c == ' ' || c == '\n' || c == '\r' || c == '\t';
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

void JsonString::write_to(std::string& out) const {
  out.assign(raw_);
  if (has_escapes_) out.resize(unescape_json_string(raw_, out.data()));
}

JsonCursor::JsonCursor(const char* text, std::size_t size, const std::uint32_t* tokens,
                       std::size_t count, std::size_t max_depth) noexcept
    : text_(text),
      text_end_(text + size),
      token_(tokens),
      last_(tokens + count),
      backslash_(find_backslash(text)),
      max_depth_(max_depth) {
  assert(max_depth <= JsonDepth::kRead);
}

bool JsonCursor::skip_container() noexcept {
  struct Nobody {
    void on_name(const std::uint32_t*) noexcept {}
    void on_enter(std::size_t, const std::uint32_t*) noexcept {}
    void on_leave(std::size_t) noexcept {}
  } nobody;
  return skip_container(nobody);
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

bool JsonCursor::too_deep() noexcept {
  return fail(kTooDeep, offset());
}

bool JsonCursor::skip_string() noexcept {
  ++token_;
  return check_escapes();
}

bool JsonCursor::skip_scalar() noexcept {
  const char first = peek();
  if (first == '-' || is_digit(first)) return skip_number();
  if (first == 't') return skip_literal("true");
  if (first == 'f') return skip_literal("false");
  if (first == 'n') return skip_literal("null");
  return unexpected("expected a value");
}

// A backslash behind the cursor lies within a string: elsewhere it would have been a token or the
// rest of a bad one. The string's closing quote ends every look ahead.
bool JsonCursor::check_passed_escapes() noexcept {
  const char* const passed = text_ + offset();
  while (backslash_ < passed) {
    last_backslash_ = static_cast<std::size_t>(backslash_ - text_);
    const char* after = backslash_ + 1;
    switch (*after) {
      case '"':
      case '\\':
      case '/':
      case 'b':
      case 'f':
      case 'n':
      case 'r':
      case 't': ++after; break;
      case 'u':
        ++numbered_escapes_;
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
  const char* const limit = text_ + token_end();
  const char* p = text_ + *token_;
  if (is_integer(p, limit)) {
    ++token_;
    return true;
  }
  if (*p == '-') ++p;
  if (p != limit && *p == '0') {
    ++p;
  } else {
    p = digits(p, limit);
  }
  if (p != limit && p != nullptr) {
    if (*p == '.') p = digits(p + 1, limit);
    if (p != nullptr && p != limit && (*p == 'e' || *p == 'E')) {
      ++p;
      if (p != limit && (*p == '+' || *p == '-')) ++p;
      p = digits(p, limit);
    }
  }
  if (p == nullptr || !end_scalar(p)) return fail("invalid number", offset());
  return true;
}

bool JsonCursor::skip_literal(std::string_view literal) noexcept {
  const char* const begin = text_ + *token_;
  const char* const limit = text_ + token_end();
  const bool same = static_cast<std::size_t>(limit - begin) >= literal.size() &&
                    std::memcmp(begin, literal.data(), literal.size()) == 0;
  if (!same || !end_scalar(begin + literal.size())) return fail("invalid literal", offset());
  return true;
}

// A number or literal ends at the next token or at white space; whatever else may follow white
// space would be a token of its own.
bool JsonCursor::end_scalar(const char* end) noexcept {
  if (end != text_ + token_end() && !is_space(*end)) return false;
  ++token_;
  return true;
}

const char* JsonCursor::find_backslash(const char* from) const noexcept {
  const auto* found =
      static_cast<const char*>(std::memchr(from, '\\', static_cast<std::size_t>(text_end_ - from)));
  return found == nullptr ? text_end_ : found;
}

}  // namespace gateway::events
