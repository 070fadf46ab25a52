#pragma once
#include <string>
#include <string_view>

namespace gateway::events {

// CloudEvents HTTP binding 1.0.2, section 3.1.3.2: how an attribute's text becomes a header value.

// Returns whether `text` is written as it is. Such text can be that of any attribute.
[[nodiscard]] bool is_plain_header_value(std::string_view text) noexcept;
// Appends `text` with space, double quote, percent and every byte outside U+0021-U+007E written as
// %XX. No text, line breaks and NUL included, can end the header line.
void append_header_value(std::string& out, std::string_view text);

// The reverse: undoes a double-quoted value and one round of percent-encoding. A percent sign
// without two hexadecimal digits stands for itself. Does not check what comes out.
[[nodiscard]] std::string decode_header_value(std::string_view value);

}  // namespace gateway::events
