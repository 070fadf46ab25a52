#pragma once
#include <sys/types.h>

#include <cstdint>
#include <map>
#include <string>

namespace gateway::soak {

// Returns the CPU seconds that each thread of a process has used, by name. Threads with the same
// name are added up.
[[nodiscard]] std::map<std::string, double> thread_cpu(pid_t process);

// Returns the seconds during which threads of the process, added up, were ready to run but had no
// core.
[[nodiscard]] double core_wait(pid_t process);

// Returns the bytes that a process has written to devices, as the kernel counts them: pages it made
// dirty.
[[nodiscard]] std::uint64_t device_bytes(pid_t process);

}  // namespace gateway::soak
