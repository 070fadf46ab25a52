#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

// What a process asks of the system for itself as a whole.
namespace gateway {

// No core dump shows the memory of this process, and no other process of the same user may read it
// (prctl(2), PR_SET_DUMPABLE): secrets lie in it. False if the system refuses.
bool hide_memory() noexcept;

// Makes the allocator map each block of 1 MiB or more by itself, and give it back when it is freed.
// Left alone, glibc raises that size to 32 MiB as such blocks are freed (mallopt(3),
// M_MMAP_THRESHOLD); they then leave holes in its heaps, and the process keeps several times what
// large posts need. To be called before there are other threads.
void give_large_blocks_back() noexcept;

// Raises the limit of open descriptors (RLIMIT_NOFILE) to `wanted` or as near as the system lets.
// Returns what it is then.
std::size_t raise_descriptor_limit(std::size_t wanted) noexcept;

// Returns the folders of this process' control group, of those above it, and of the root of the
// mount, where a container finds its own: of this controller of version 1, or of version 2 if
// `controller` is empty. They need not be there.
[[nodiscard]] std::vector<std::string> cgroup_folders(std::string_view controller);

// Returns the first line of a file; empty if it cannot be read.
[[nodiscard]] std::string first_line(const std::string& path);

// Bytes of memory this process may come to: the machine's, cut to the limits of its control groups
// (version 2 or 1). 0 if nothing is known.
[[nodiscard]] std::uint64_t available_memory();

// Bytes of a limit as control groups write it; 0 for "max" and what is no number.
[[nodiscard]] std::uint64_t bytes_of_limit(const std::string& text) noexcept;

}  // namespace gateway
