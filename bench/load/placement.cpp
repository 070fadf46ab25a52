#include "load/placement.hpp"

#include <sched.h>

#include "runtime/cores.hpp"

namespace gateway::load {
namespace {

void run_on(const std::vector<int>& cores) {
  cpu_set_t set;
  CPU_ZERO(&set);
  for (const int core : cores) CPU_SET(core, &set);
  ::sched_setaffinity(0, sizeof set, &set);
}

}  // namespace

Placement::Placement(bool pin) : before_(allowed_cores()), pinned_(pin && before_.size() > 1) {
  if (pinned_) run_on({before_.front()});
}

Placement::~Placement() {
  if (pinned_) run_on(before_);
}

std::vector<int> Placement::for_gateway() const {
  return pinned_ ? std::vector<int>{before_[1]} : before_;
}

}  // namespace gateway::load
