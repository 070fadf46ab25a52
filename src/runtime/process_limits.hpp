#pragma once
#include <cstddef>

// What a process asks of the system for itself as a whole.
namespace gateway {

// No core dump shows the memory of this process, and no other process of the same user may read it
// (prctl(2), PR_SET_DUMPABLE): secrets lie in it. False if the system refuses.
bool hide_memory() noexcept;

// Raises the limit of open descriptors (RLIMIT_NOFILE) to `wanted` or as near as the system lets.
// Returns what it is then.
std::size_t raise_descriptor_limit(std::size_t wanted) noexcept;

}  // namespace gateway
