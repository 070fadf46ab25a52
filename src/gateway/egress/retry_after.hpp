#pragma once
#include <chrono>
#include <optional>
#include <string_view>

namespace gateway::egress {

// Reads a Retry-After field (RFC 9110 section 10.2.3): seconds, or a date in any of the three forms
// of section 5.6.7. Returns the wait from `now`, nothing for a date in the past, and no value for a
// text that is neither.
[[nodiscard]] std::optional<std::chrono::seconds> parse_retry_after(std::string_view text,
                                                                    std::chrono::sys_seconds now);

}  // namespace gateway::egress
