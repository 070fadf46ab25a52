#pragma once
#include <cstdint>
#include <string>

namespace gateway::observe {

// The configured bounds of the process, for the page, which shows them beside what is used, and for
// alerts, which compare them with it.
struct Limits {
  std::uint64_t connections = 0;
  std::uint64_t in_flight_bytes = 0;
  std::uint64_t spool_bytes = 0;  // 0: there is no spool
};

// Returns them as Prometheus text.
[[nodiscard]] std::string limits_text(const Limits& limits);

}  // namespace gateway::observe
