#pragma once
#include <chrono>
#include <optional>
#include <string_view>

namespace gateway::egress {

// Parses a Retry-After field (RFC 9110 section 10.2.3): seconds, or a date in any of the three
// forms of section 5.6.7. Returns the wait from `now`, zero for a date in the past, or nullopt if
// the text is neither.
[[nodiscard]] std::optional<std::chrono::seconds> parse_retry_after(std::string_view text,
                                                                    std::chrono::sys_seconds now);

}  // namespace gateway::egress
