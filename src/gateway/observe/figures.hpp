#pragma once
#include <chrono>
#include <cstdint>
#include <string>

// Figures as people read them: rounded, in the unit that suits.
namespace gateway::observe {

// Returns "640 MiB", "1.5 GiB", "12 B".
[[nodiscard]] std::string bytes_text(std::uint64_t bytes);
// Returns a measured time: "0.42 ms", "12 ms", "1.5 s".
[[nodiscard]] std::string latency_text(std::chrono::duration<double> time);
// Returns a period in two units at most: "45 s", "17 min", "3 h 5 min", "12 d 4 h".
[[nodiscard]] std::string duration_text(std::chrono::duration<double> time);
// Returns "10,000".
[[nodiscard]] std::string count_text(std::uint64_t number);
// Returns how far a date is from now: "in 41 days", "20 hours ago".
[[nodiscard]] std::string relative_date_text(std::chrono::seconds ahead);

}  // namespace gateway::observe
