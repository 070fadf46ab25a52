#include "runtime/cgroup.hpp"

#include <fstream>

namespace gateway {

std::string first_line(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

std::vector<std::string> cgroup_limits(const std::string& file) {
  const std::string root = "/sys/fs/cgroup/";
  std::vector<std::string> paths;
  std::ifstream groups("/proc/self/cgroup");
  for (std::string line; std::getline(groups, line);) {
    if (!line.starts_with("0::/")) continue;
    for (std::string group = line.substr(4); !group.empty();) {
      paths.push_back(root + group + "/" + file);
      const std::size_t slash = group.rfind('/');
      group.erase(slash == std::string::npos ? 0 : slash);
    }
  }
  paths.push_back(root + file);
  std::vector<std::string> limits;
  for (const std::string& path : paths) {
    if (std::string line = first_line(path); !line.empty()) limits.push_back(std::move(line));
  }
  return limits;
}

}  // namespace gateway
