#include "process/placement.hpp"

#include <sched.h>

#include "runtime/cores.hpp"

namespace gateway::bench {
namespace {

void run_on(const std::vector<int>& cores) {
  cpu_set_t set;
  CPU_ZERO(&set);
  for (const int core : cores) CPU_SET(core, &set);
  ::sched_setaffinity(0, sizeof set, &set);
}

}  // namespace

Placement::Placement(bool apart, Rest rest)
    : before_(allowed_cores()), pinned_(apart && before_.size() > 1) {
  if (!pinned_) return;
  std::vector<int> cores{before_.front()};
  if (rest == Rest::all_others) cores.insert(cores.end(), before_.begin() + 2, before_.end());
  run_on(cores);
}

Placement::~Placement() {
  if (pinned_) run_on(before_);
}

std::vector<int> Placement::for_gateway() const {
  return pinned_ ? std::vector<int>{before_[1]} : before_;
}

}  // namespace gateway::bench
