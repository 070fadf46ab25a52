#pragma once
#include <cstdint>

namespace gateway::observe {

// The resources that the process uses, as Linux reports them; 0 where it does not.
struct ProcessUsage {
  std::uint64_t open_fds = 0;
  std::uint64_t max_fds = 0;
  std::uint64_t resident_bytes = 0;
  double started = 0;      // Unix time in seconds
  double cpu_seconds = 0;  // user and system
};

[[nodiscard]] ProcessUsage read_process_usage();

}  // namespace gateway::observe
