#pragma once
#include <string_view>

namespace gateway::http {

// Returns true if `text` is a valid value of a Host field: uri-host [ ":" port ] (RFC 9110 section
// 7.2, RFC 3986 section 3.2.2), or empty, for a target without an authority.
[[nodiscard]] bool is_host(std::string_view text) noexcept;

}  // namespace gateway::http
