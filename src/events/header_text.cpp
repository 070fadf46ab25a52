#include "events/header_text.hpp"

#include <algorithm>
#include <array>

#include "events/ascii.hpp"

namespace gateway::events {
namespace {

constexpr bool is_plain(char c) noexcept {
  return c > ' ' && c <= '~' && c != '"' && c != '%';
}
constexpr auto kOdd = [] {
  std::array<unsigned char, 256> odd{};
  for (std::size_t byte = 0; byte < odd.size(); ++byte) {
    odd[byte] = is_plain(static_cast<char>(byte)) ? 0 : 1;
  }
  return odd;
}();

// RFC 9110 section 5.6.4: within quotes a backslash stands before the character that is meant.
std::string unquote(std::string_view quoted) {
  std::string text;
  for (std::size_t i = 1; i + 1 < quoted.size(); ++i) {
    if (quoted[i] == '\\' && i + 2 < quoted.size()) ++i;
    text += quoted[i];
  }
  return text;
}

std::string percent_decode(std::string_view value) {
  std::string text;
  text.reserve(value.size());
  for (std::size_t i = 0; i < value.size(); ++i) {
    if (value[i] == '%' && i + 2 < value.size()) {
      const unsigned char high = hex_value(value[i + 1]);
      const unsigned char low = hex_value(value[i + 2]);
      if (((high | low) & kNoHexDigit) == 0) {
        text += static_cast<char>(high << 4 | low);
        i += 2;
        continue;
      }
    }
    text += value[i];
  }
  return text;
}

}  // namespace

// No branch within: nearly every value is looked at to its end.
bool is_plain_header_value(std::string_view text) noexcept {
  unsigned char odd = 0;
  for (const char c : text) odd |= kOdd[static_cast<unsigned char>(c)];
  return odd == 0;
}

void append_header_value(std::string& out, std::string_view text) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  while (!text.empty()) {
    const auto plain = static_cast<std::size_t>(
        std::find_if_not(text.begin(), text.end(), is_plain) - text.begin());
    out += text.substr(0, plain);
    if (plain == text.size()) return;
    const auto byte = static_cast<unsigned char>(text[plain]);
    out += '%';
    out += kDigits[byte >> 4];
    out += kDigits[byte & 15];
    text.remove_prefix(plain + 1);
  }
}

std::string decode_header_value(std::string_view value) {
  const bool quoted = value.size() >= 2 && value.front() == '"' && value.back() == '"';
  return quoted ? percent_decode(unquote(value)) : percent_decode(value);
}

}  // namespace gateway::events
