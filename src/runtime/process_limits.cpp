#include "runtime/process_limits.hpp"

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
  for (const std::string& limit : cgroup_limits("memory.max")) consider(bytes_of_limit(limit));
  consider(bytes_of_limit(first_line("/sys/fs/cgroup/memory/memory.limit_in_bytes")));
  return least;
}

}  // namespace gateway
