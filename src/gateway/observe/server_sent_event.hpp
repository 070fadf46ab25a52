#pragma once
#include <string>
#include <string_view>

namespace gateway::observe {

// One event of a text/event-stream (HTML standard, section 9.2): its name, its data, a blank line.
// Data of several lines stays that.
[[nodiscard]] std::string server_sent_event(std::string_view name, std::string_view data);

// A line that receivers pass over: it shows both sides that the connection lives.
inline constexpr std::string_view kHeartbeat = ":\n\n";

}  // namespace gateway::observe
