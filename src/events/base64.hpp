#pragma once
#include <optional>
#include <string>
#include <string_view>

namespace gateway::events {

// RFC 4648 section 4: the standard alphabet with padding.
void append_base64(std::string& out, std::string_view bytes);
// Strict: no white space, no missing padding, no bits left over.
[[nodiscard]] std::optional<std::string> decode_base64(std::string_view text);

}  // namespace gateway::events
