#pragma once
#include <string>
#include <vector>

namespace gateway {

// Returns the first line of `file` for this process' control group (version 2), for those above it,
// and at the root of the mount, where a container finds its own. Files that are not there are left
// out.
[[nodiscard]] std::vector<std::string> cgroup_limits(const std::string& file);

// Returns the first line of a file; empty if it cannot be read.
[[nodiscard]] std::string first_line(const std::string& path);

}  // namespace gateway
