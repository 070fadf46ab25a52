#pragma once
#include <chrono>
#include <cstddef>
#include <optional>
#include <string_view>

namespace gateway::events {

inline constexpr std::size_t kRfc3339Size = 24;  // "2026-01-02T03:04:05.678Z"

// Whether RFC 3339 can write this time: years 0 to 9999.
[[nodiscard]] bool has_rfc3339_form(std::chrono::sys_time<std::chrono::milliseconds> time) noexcept;

// Writes exactly kRfc3339Size characters. `time` must have such a form.
void write_rfc3339(std::chrono::sys_time<std::chrono::milliseconds> time, char* out) noexcept;

// Reads a date-time of RFC 3339 section 5.6, any offset; digits below a millisecond are dropped. A
// leap second is the first moment of the next minute. Empty if it is none.
[[nodiscard]] std::optional<std::chrono::sys_time<std::chrono::milliseconds>> read_rfc3339(
    std::string_view text) noexcept;

}  // namespace gateway::events
