#pragma once
#include <cstddef>
#include <string>
#include <string_view>

namespace gateway::events {

// Appends `text` as a JSON string literal, quotes included. What is not UTF-8 becomes U+FFFD.
void append_json_string(std::string& out, std::string_view text);
// Appends `,"name":"text"`; `name` is written as it is.
void append_json_member(std::string& out, std::string_view name, std::string_view text);

// Undoes the escapes of `raw`, the bytes between the quotes of a valid JSON string, into `out`,
// which has room for raw.size() bytes. A surrogate escape without its other half becomes U+FFFD
// (RFC 8259 section 8.2 allows such strings and leaves their meaning open). Returns the length.
std::size_t unescape_json_string(std::string_view raw, char* out) noexcept;
[[nodiscard]] std::string unescape_json_string(std::string_view raw);

// Likewise, but such an escape becomes its code point's three bytes, as UTF-8 would have it: two
// strings that differ do not become one, and what comes out is no UTF-8.
std::size_t unescape_json_exactly(std::string_view raw, char* out) noexcept;
// Returns whether there is such an escape in `raw`.
[[nodiscard]] bool has_lone_surrogate(std::string_view raw) noexcept;

}  // namespace gateway::events
