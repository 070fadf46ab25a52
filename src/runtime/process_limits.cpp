#include "runtime/process_limits.hpp"

#include <fmt/format.h>
#include <malloc.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>

#include "events/number_text.hpp"

namespace gateway {
namespace {

std::uint64_t memory_of_machine() noexcept {
  const long pages = ::sysconf(_SC_PHYS_PAGES);
  const long page = ::sysconf(_SC_PAGESIZE);
  if (pages <= 0 || page <= 0) return 0;
  return static_cast<std::uint64_t>(pages) * static_cast<std::uint64_t>(page);
}

}  // namespace

std::string first_line(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

std::vector<std::string> cgroup_folders(std::string_view controller) {
  const std::string root =
      fmt::format("/sys/fs/cgroup{}{}", controller.empty() ? "" : "/", controller);
  std::vector<std::string> folders{root};
  std::ifstream groups("/proc/self/cgroup");
  for (std::string line; std::getline(groups, line);) {
    // <number>:<controllers, separated by commas; empty for version 2>:<path> (cgroups(7))
    const std::size_t first = line.find(':');
    const std::size_t second = line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const auto names = fmt::format(",{},", line.substr(first + 1, second - first - 1));
    if (names.find(fmt::format(",{},", controller)) == std::string::npos) continue;
    for (std::string group = line.substr(second + 1); group.size() > 1 && group[0] == '/';) {
      folders.push_back(root + group);
      group.erase(group.rfind('/'));
    }
  }
  return folders;
}

bool hide_memory() noexcept {
  return ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0;
}

void give_large_blocks_back() noexcept {
  constexpr int kLarge = 1 << 20;
  // NOLINTNEXTLINE(concurrency-mt-unsafe): called once, before there is any other thread
  static_cast<void>(::mallopt(M_MMAP_THRESHOLD, kLarge));
}

std::size_t raise_descriptor_limit(std::size_t wanted) noexcept {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return 0;
  if (limit.rlim_cur < wanted) {
    rlimit raised = limit;
    raised.rlim_cur = std::min<rlim_t>(wanted, limit.rlim_max);
    if (::setrlimit(RLIMIT_NOFILE, &raised) == 0) limit = raised;
  }
  return static_cast<std::size_t>(limit.rlim_cur);
}

std::uint64_t bytes_of_limit(const std::string& text) noexcept {
  return read_number<std::uint64_t>(text).value_or(0);
}

std::uint64_t available_memory() {
  std::uint64_t least = memory_of_machine();
  const auto consider = [&least](std::uint64_t bytes) {
    if (bytes != 0 && (least == 0 || bytes < least)) least = bytes;
  };
  for (const std::string& folder : cgroup_folders("")) {
    consider(bytes_of_limit(first_line(folder + "/memory.max")));
  }
  for (const std::string& folder : cgroup_folders("memory")) {
    consider(bytes_of_limit(first_line(folder + "/memory.limit_in_bytes")));
  }
  return least;
}

}  // namespace gateway
