#include "runtime/cores.hpp"

#include <pthread.h>
#include <sched.h>

#include <algorithm>
#include <sstream>

#include "runtime/process_limits.hpp"

namespace gateway {
namespace {

// Returns the smallest limit; 0 if there is none.
unsigned quota_cores() {
  unsigned least = 0;
  const auto consider = [&least](unsigned cores) {
    if (cores != 0 && (least == 0 || cores < least)) least = cores;
  };
  for (const std::string& folder : cgroup_folders("")) {
    consider(cores_of_quota(first_line(folder + "/cpu.max")));
  }
  for (const std::string& folder : cgroup_folders("cpu")) {
    consider(cores_of_quota(first_line(folder + "/cpu.cfs_quota_us") + " " +
                            first_line(folder + "/cpu.cfs_period_us")));
  }
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
