#pragma once
#include <string_view>

namespace gateway::events {

// What a Content-Type says, its parameters aside; case does not matter (RFC 9110 section 8.3.1).

// Subtype `json` or suffix `+json`: the data is JSON (CloudEvents JSON format, section 3.1).
[[nodiscard]] bool is_json_media_type(std::string_view content_type) noexcept;
[[nodiscard]] bool is_text_media_type(std::string_view content_type) noexcept;

}  // namespace gateway::events
