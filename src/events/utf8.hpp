#pragma once
#include <cstddef>
#include <string_view>

namespace gateway::events {

// Length of the well-formed UTF-8 sequence at the front of `text` (RFC 3629: no overlong forms, no
// surrogates, nothing above U+10FFFF); 0 if there is none. Byte by byte: for cold paths.
[[nodiscard]] std::size_t utf8_sequence_length(std::string_view text) noexcept;

// Writes `code_point` (not a surrogate, at most U+10FFFF) to `out`, which has room for 4 bytes.
// Returns the end of what was written.
[[nodiscard]] char* write_utf8(char32_t code_point, char* out) noexcept;

inline constexpr std::string_view kReplacementCharacter = "\xEF\xBF\xBD";  // U+FFFD

}  // namespace gateway::events
