#pragma once
#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <map>
#include <string>

namespace gateway::test {

// Time that threads have spent on a core, and ready to run but without one, from schedstat, which
// counts every switch instead of ticks.
struct CoreTime {
  std::chrono::nanoseconds used{0};
  std::chrono::nanoseconds waited{0};

  CoreTime& operator+=(const CoreTime& other) noexcept {
    used += other.used;
    waited += other.waited;
    return *this;
  }
};

// Returns the time of all living threads of a process, and of the calling thread.
[[nodiscard]] CoreTime core_time(pid_t process);
[[nodiscard]] CoreTime own_core_time();
// Returns the seconds that each thread of a process has used, by name. Threads with the same name
// are added up.
[[nodiscard]] std::map<std::string, double> thread_cpu(pid_t process);

// Returns the resident bytes of a process, and those it has written to devices as the kernel counts
// them: pages it made dirty.
[[nodiscard]] std::uint64_t resident_bytes(pid_t process);
[[nodiscard]] std::uint64_t device_bytes(pid_t process);

// Resources that a process and its descendants have used since they began.
struct ProcessUsage {
  CoreTime cores;
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
// Returns the CPU time between two measurements of the same tree: the difference of schedstat,
// divided in the ratio of the ticks. Where the kernel has no schedstat, the ticks themselves.
[[nodiscard]] CpuTime cpu_between(const ProcessUsage& before, const ProcessUsage& after);

}  // namespace gateway::test
