#pragma once
#include <string_view>

namespace gateway::http {

// Whether `text` is the value of a Host field: uri-host [ ":" port ] (RFC 9110 section 7.2, RFC
// 3986 section 3.2.2). An empty one is: the target has no authority then.
[[nodiscard]] bool is_host(std::string_view text) noexcept;

}  // namespace gateway::http
