#include "events/json_text.hpp"

#include <algorithm>

#include "events/ascii.hpp"
#include "events/utf8.hpp"

namespace gateway::events {
namespace {

constexpr std::string_view kHexDigits = "0123456789abcdef";

void append_escape(std::string& out, char c) {
  switch (c) {
    case '"': out += "\\\""; return;
    case '\\': out += "\\\\"; return;
    case '\b': out += "\\b"; return;
    case '\f': out += "\\f"; return;
    case '\n': out += "\\n"; return;
    case '\r': out += "\\r"; return;
    case '\t': out += "\\t"; return;
    default: {
      const auto byte = static_cast<unsigned char>(c);
      out += "\\u00";
      out += kHexDigits[byte >> 4];
      out += kHexDigits[byte & 15];
    }
  }
}

// The four digits of a \u escape, which are known to be there.
char32_t code_unit(const char* digits) noexcept {
  char32_t unit = 0;
  for (int i = 0; i < 4; ++i) unit = unit << 4 | hex_value(digits[i]);
  return unit;
}

constexpr bool is_high_surrogate(char32_t unit) noexcept {
  return unit >> 10 == 0xD800 >> 10;
}
constexpr bool is_low_surrogate(char32_t unit) noexcept {
  return unit >> 10 == 0xDC00 >> 10;
}

char simple_escape(char c) noexcept {
  switch (c) {
    case 'b': return '\b';
    case 'f': return '\f';
    case 'n': return '\n';
    case 'r': return '\r';
    case 't': return '\t';
    default: return c;  // quote, backslash and slash stand for themselves
  }
}

}  // namespace

void append_json_string(std::string& out, std::string_view text) {
  out += '"';
  while (!text.empty()) {
    const auto plain = static_cast<std::size_t>(
        std::find_if(text.begin(), text.end(),
                     [](char c) {
                       const auto byte = static_cast<unsigned char>(c);
                       return byte < 0x20 || byte >= 0x7F || c == '"' || c == '\\';
                     }) -
        text.begin());
    out += text.substr(0, plain);
    text.remove_prefix(plain);
    if (text.empty()) break;
    if (static_cast<unsigned char>(text.front()) < 0x80) {
      append_escape(out, text.front());
      text.remove_prefix(1);
      continue;
    }
    const std::size_t length = utf8_sequence_length(text);
    out += length == 0 ? kReplacementCharacter : text.substr(0, length);
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  out += '"';
}

void append_json_member(std::string& out, std::string_view name, std::string_view text) {
  out += ",\"";
  out += name;
  out += "\":";
  append_json_string(out, text);
}

namespace {

// `on_lone(surrogate)` returns what stands for a surrogate without its other half.
template <class OnLone>
std::size_t unescape(std::string_view raw, char* out, OnLone on_lone) noexcept {
  const char* in = raw.data();
  const char* const end = in + raw.size();
  char* to = out;
  while (in != end) {
    const std::string_view rest(in, static_cast<std::size_t>(end - in));
    const char* const backslash = in + std::min(rest.find('\\'), rest.size());
    to = std::copy(in, backslash, to);
    if (backslash == end) break;
    in = backslash + 2;
    if (backslash[1] != 'u') {
      *to++ = simple_escape(backslash[1]);
      continue;
    }
    char32_t code_point = code_unit(in);
    in += 4;
    if (is_high_surrogate(code_point) && end - in >= 6 && in[0] == '\\' && in[1] == 'u' &&
        is_low_surrogate(code_unit(in + 2))) {
      code_point = 0x10000 + ((code_point & 0x3FF) << 10) + (code_unit(in + 2) & 0x3FF);
      in += 6;
    } else if (is_high_surrogate(code_point) || is_low_surrogate(code_point)) {
      code_point = on_lone(code_point);
    }
    to = write_utf8(code_point, to);
  }
  return static_cast<std::size_t>(to - out);
}

}  // namespace

std::size_t unescape_json_string(std::string_view raw, char* out) noexcept {
  return unescape(raw, out, [](char32_t) -> char32_t { return 0xFFFD; });
}

std::string unescape_json_string(std::string_view raw) {
  std::string text(raw.size(), '\0');
  text.resize(unescape_json_string(raw, text.data()));
  return text;
}

std::size_t unescape_json_exactly(std::string_view raw, char* out) noexcept {
  return unescape(raw, out, [](char32_t surrogate) { return surrogate; });
}

bool has_lone_surrogate(std::string_view raw) noexcept {
  for (std::size_t at = raw.find('\\'); at != std::string_view::npos; at = raw.find('\\', at)) {
    if (raw[at + 1] != 'u') {
      at += 2;
      continue;
    }
    const char32_t unit = code_unit(raw.data() + at + 2);
    at += 6;
    if (is_low_surrogate(unit)) return true;
    if (!is_high_surrogate(unit)) continue;
    if (raw.size() - at < 6 || raw[at] != '\\' || raw[at + 1] != 'u' ||
        !is_low_surrogate(code_unit(raw.data() + at + 2))) {
      return true;
    }
    at += 6;
  }
  return false;
}

}  // namespace gateway::events
