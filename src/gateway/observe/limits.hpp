#pragma once
#include <cstdint>
#include <string>

namespace gateway::observe {

// The configured limits of the process: the page shows them beside the usage, and alerts compare
// both.
struct Limits {
  std::uint64_t connections = 0;
  std::uint64_t in_flight_bytes = 0;
  std::uint64_t spool_bytes = 0;  // 0: there is no spool
};

// Returns them as Prometheus text.
[[nodiscard]] std::string limits_text(const Limits& limits);

}  // namespace gateway::observe
