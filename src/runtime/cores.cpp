#include "runtime/cores.hpp"

#include <pthread.h>
#include <sched.h>

#include <algorithm>
#include <fstream>
#include <sstream>

namespace gateway {
namespace {

std::string first_line(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

// 0: no limit found. Inside a container the group's own files are at the root of the mount.
unsigned quota_cores() {
  // Version 2: the limit of the innermost group and of those above it; the smallest counts.
  std::ifstream groups("/proc/self/cgroup");
  unsigned least = 0;
  const auto consider = [&least](unsigned cores) {
    if (cores != 0 && (least == 0 || cores < least)) least = cores;
  };
  for (std::string line; std::getline(groups, line);) {
    if (!line.starts_with("0::/")) continue;
    for (std::string path = line.substr(3);; path.erase(path.rfind('/'))) {
      consider(cores_of_quota(first_line("/sys/fs/cgroup" + path + "/cpu.max")));
      if (path.empty() || path.rfind('/') == std::string::npos) break;
    }
  }
  consider(cores_of_quota(first_line("/sys/fs/cgroup/cpu.max")));
  consider(cores_of_quota(first_line("/sys/fs/cgroup/cpu/cpu.cfs_quota_us") + " " +
                          first_line("/sys/fs/cgroup/cpu/cpu.cfs_period_us")));
  return least;
}

}  // namespace

unsigned cores_of_quota(const std::string& cpu_max) {
  std::istringstream text(cpu_max);
  double quota = 0;
  double period = 0;
  if (!(text >> quota >> period) || quota <= 0 || period <= 0) return 0;
  return std::max(1U, static_cast<unsigned>(quota / period + 0.999));
}

std::vector<int> allowed_cores() {
  cpu_set_t set;
  CPU_ZERO(&set);
  std::vector<int> cores;
  if (sched_getaffinity(0, sizeof set, &set) == 0) {
    for (int core = 0; core < CPU_SETSIZE; ++core) {
      if (CPU_ISSET(static_cast<unsigned>(core), &set)) cores.push_back(core);
    }
  }
  return cores;
}

unsigned usable_cores() {
  const auto allowed = std::max<unsigned>(1, static_cast<unsigned>(allowed_cores().size()));
  const unsigned quota = quota_cores();
  return quota == 0 ? allowed : std::min(allowed, quota);
}

bool pin_this_thread(int core) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(static_cast<unsigned>(core), &set);
  return pthread_setaffinity_np(pthread_self(), sizeof set, &set) == 0;
}

void name_this_thread(const char* name) {
  pthread_setname_np(pthread_self(), name);
}

}  // namespace gateway
