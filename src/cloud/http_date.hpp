#pragma once
#include <chrono>
#include <optional>
#include <string_view>

namespace gateway::cloud {

// Parses the preferred form of RFC 9110 section 5.6.7, "Sun, 06 Nov 1994 08:49:37 GMT". Returns
// nullopt if the text has another form. Does not compare the name of the day with the date.
[[nodiscard]] std::optional<std::chrono::sys_seconds> read_http_date(std::string_view text);

}  // namespace gateway::cloud
