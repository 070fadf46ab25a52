#pragma once
#include <sys/types.h>

#include <chrono>
#include <cstdint>

namespace gateway::load {

// Resources that a process and its descendants have used since they began.
struct ProcessUsage {
  // Time on a core, summed over the living threads, from schedstat, which counts every switch
  // instead of ticks.
  std::chrono::nanoseconds cpu{0};
  // Time during which they were ready to run but had no core, from schedstat.
  std::chrono::nanoseconds waited{0};
  // From stat, in ticks, which are too coarse for more than the ratio of user to system time.
  std::uint64_t user_ticks = 0;
  std::uint64_t system_ticks = 0;
  std::uint64_t voluntary_switches = 0;
  std::uint64_t involuntary_switches = 0;
  std::uint64_t resident = 0;       // bytes now
  std::uint64_t peak_resident = 0;  // bytes at most; of several processes, the sum of their peaks
};

// Returns the usage; zeros for a process that does not exist.
[[nodiscard]] ProcessUsage usage_of_tree(pid_t root);

struct CpuTime {
  double user_us = 0;
  double system_us = 0;
};
// Returns how long the calling thread has been ready to run without a core since it began.
[[nodiscard]] std::chrono::nanoseconds own_wait();

// Returns the CPU time between two measurements of the same tree: the difference of schedstat,
// divided in the ratio of the ticks. Where the kernel has no schedstat, the ticks themselves.
[[nodiscard]] CpuTime cpu_between(const ProcessUsage& before, const ProcessUsage& after);

}  // namespace gateway::load
