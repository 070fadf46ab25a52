#pragma once
#include <cstddef>
#include <string_view>

namespace gateway::events {

// Length of the well-formed UTF-8 sequence at the front of `text` (RFC 3629: no overlong forms, no
// surrogates, nothing above U+10FFFF); 0 if there is none. Byte by byte: for cold paths.
[[nodiscard]] std::size_t utf8_sequence_length(std::string_view text) noexcept;

// Returns the code point of a sequence that utf8_sequence_length() found.
[[nodiscard]] char32_t utf8_code_point(std::string_view sequence) noexcept;

// Returns whether Unicode keeps it for no use: U+FDD0 to U+FDEF, U+xxFFFE, U+xxFFFF.
[[nodiscard]] constexpr bool is_noncharacter(char32_t code_point) noexcept {
  return (code_point >= 0xFDD0 && code_point <= 0xFDEF) || (code_point & 0xFFFE) == 0xFFFE;
}

// Returns what `text` begins with, at most `most` bytes of it and no part of a character.
[[nodiscard]] constexpr std::string_view utf8_front(std::string_view text,
                                                    std::size_t most) noexcept {
  if (text.size() <= most) return text;
  // Bytes 10xxxxxx continue a character.
  while (most > 0 && (static_cast<unsigned char>(text[most]) & 0xC0U) == 0x80U) --most;
  return text.substr(0, most);
}

[[nodiscard]] bool is_ascii(std::string_view text) noexcept;
[[nodiscard]] bool is_utf8(std::string_view text) noexcept;

// Writes `code_point` (at most U+10FFFF; a surrogate by the same rule, which is no UTF-8) to `out`,
// which has room for 4 bytes. Returns the end of what was written.
[[nodiscard]] char* write_utf8(char32_t code_point, char* out) noexcept;

inline constexpr std::string_view kReplacementCharacter = "\xEF\xBF\xBD";  // U+FFFD

}  // namespace gateway::events
