#pragma once
#include <sys/types.h>

#include <cstdint>
#include <map>
#include <string>

namespace gateway::soak {

// CPU seconds each thread of a process has used so far, by name; threads of one name together.
[[nodiscard]] std::map<std::string, double> thread_cpu(pid_t process);

// Seconds its threads together were ready to run and had no core: others had it.
[[nodiscard]] double core_wait(pid_t process);

// Bytes a process has had written to devices so far, as the kernel counts them: pages made dirty.
[[nodiscard]] std::uint64_t device_bytes(pid_t process);

}  // namespace gateway::soak
