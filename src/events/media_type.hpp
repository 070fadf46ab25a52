#pragma once
#include <string_view>

namespace gateway::events {

// What a Content-Type says (RFC 9110 section 8.3.1). Letter case does not matter.

// Returns whether it is a media type: type, subtype and well-formed parameters.
[[nodiscard]] bool is_media_type(std::string_view content_type) noexcept;

// Returns whether the data is JSON (CloudEvents JSON format, section 3.1): subtype `json` or suffix
// `+json`.
[[nodiscard]] bool is_json_media_type(std::string_view content_type) noexcept;
[[nodiscard]] bool is_text_media_type(std::string_view content_type) noexcept;
// Returns whether an HTTP message with this Content-Type is an event in structured or batched mode,
// whatever its fields say (CloudEvents HTTP binding, section 3).
[[nodiscard]] bool is_event_media_type(std::string_view content_type) noexcept;

// How the text is written.
enum class Charset {
  utf8,   // said so, or not said
  ascii,  // said so
  other
};
[[nodiscard]] Charset charset_of(std::string_view content_type) noexcept;

}  // namespace gateway::events
