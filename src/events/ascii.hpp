#pragma once
#include <algorithm>
#include <array>
#include <string>
#include <string_view>

namespace gateway {

// Character classes of ASCII, whatever the locale; all other bytes are in none.
[[nodiscard]] constexpr bool is_digit(char c) noexcept {
  return c >= '0' && c <= '9';
}
[[nodiscard]] constexpr bool is_letter(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
[[nodiscard]] constexpr bool is_alphanumeric(char c) noexcept {
  return is_digit(c) || is_letter(c);
}
// What hex_value() returns for what is no hexadecimal digit: a bit that no digit's value has, so
// that the values of several characters can be judged at once.
inline constexpr unsigned char kNoHexDigit = 0x80;
inline constexpr auto kHexValues = [] {
  std::array<unsigned char, 256> values{};
  values.fill(kNoHexDigit);
  for (unsigned char i = 0; i < 10; ++i) values['0' + i] = i;
  for (unsigned char i = 0; i < 6; ++i) {
    values['a' + i] = values['A' + i] = static_cast<unsigned char>(10 + i);
  }
  return values;
}();
// Returns the value of a hexadecimal digit of either case, or kNoHexDigit.
[[nodiscard]] constexpr unsigned char hex_value(char c) noexcept {
  return kHexValues[static_cast<unsigned char>(c)];
}
[[nodiscard]] constexpr bool is_hex_digit(char c) noexcept {
  return hex_value(c) != kNoHexDigit;
}
// RFC 9110 section 5.6.2: what names of fields and parameters are made of.
[[nodiscard]] constexpr bool is_token_character(char c) noexcept {
  return is_alphanumeric(c) ||
         std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}
// Space and tab: the white space of RFC 9110 section 5.6.3.
[[nodiscard]] constexpr bool is_blank(char c) noexcept {
  return c == ' ' || c == '\t';
}
[[nodiscard]] constexpr std::string_view without_outer_blanks(std::string_view text) noexcept {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

[[nodiscard]] constexpr char to_lower(char c) noexcept {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}
[[nodiscard]] constexpr char to_upper(char c) noexcept {
  return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
}
[[nodiscard]] inline std::string lower_case(std::string_view text) {
  std::string lower(text);
  std::ranges::transform(lower, lower.begin(), to_lower);
  return lower;
}
// Returns whether `text` is `lower`, which is in lower case, whatever the case of its letters.
[[nodiscard]] constexpr bool equals_ignoring_case(std::string_view text,
                                                  std::string_view lower) noexcept {
  return text.size() == lower.size() && std::equal(text.begin(), text.end(), lower.begin(),
                                                   [](char a, char b) { return to_lower(a) == b; });
}

}  // namespace gateway
