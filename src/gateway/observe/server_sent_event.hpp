#pragma once
#include <string>
#include <string_view>

namespace gateway::observe {

// Returns one event of a text/event-stream (HTML standard, section 9.2): its name, its data, a
// blank line. Line breaks in the data are preserved.
[[nodiscard]] std::string server_sent_event(std::string_view name, std::string_view data);

// A comment, which receivers ignore. It shows both sides that the connection works.
inline constexpr std::string_view kHeartbeat = ":\n\n";

}  // namespace gateway::observe
