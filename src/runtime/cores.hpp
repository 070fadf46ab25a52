#pragma once
#include <string>
#include <vector>

namespace gateway {

// How many cores this process may really use: the affinity mask, cut to the CPU quota of its
// control group (version 2 or 1) rounded up. At least 1.
[[nodiscard]] unsigned usable_cores();

// The cores of the affinity mask, in ascending order.
[[nodiscard]] std::vector<int> allowed_cores();

// Cores granted by a cgroup v2 `cpu.max` text ("200000 100000" is 2, "max 100000" is 0: no limit).
[[nodiscard]] unsigned cores_of_quota(const std::string& cpu_max);

// Binds the calling thread to one core. False if the kernel refuses; the thread then floats.
bool pin_this_thread(int core);

// What tools that look at threads call this one: 15 characters at most.
void name_this_thread(const char* name);

}  // namespace gateway
