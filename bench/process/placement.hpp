#pragma once
#include <sched.h>

#include <vector>

#include "runtime/cores.hpp"

namespace gateway::bench {

// What a gateway leaves to load and eventbus when it gets a core of its own.
enum class Rest {
  one_core,  // for a load of one thread
  all_others
};

// Keeps this thread, and the threads that it starts from now on, off the second core while it
// lives, so that a gateway can have that core alone. Does nothing unless `apart`, or if there is
// one core.
class Placement {
 public:
  explicit Placement(bool apart, Rest rest = Rest::one_core)
      : before_(allowed_cores()), pinned_(apart && before_.size() > 1) {
    if (!pinned_) return;
    std::vector<int> cores{before_.front()};
    if (rest == Rest::all_others) cores.insert(cores.end(), before_.begin() + 2, before_.end());
    run_on(cores);
  }
  ~Placement() {
    if (pinned_) run_on(before_);
  }
  Placement(const Placement&) = delete;
  Placement& operator=(const Placement&) = delete;

  [[nodiscard]] bool pinned() const noexcept { return pinned_; }
  // Returns the cores that the gateway may run on.
  [[nodiscard]] std::vector<int> for_gateway() const {
    return pinned_ ? std::vector<int>{before_[1]} : before_;
  }

 private:
  static void run_on(const std::vector<int>& cores) {
    cpu_set_t set;
    CPU_ZERO(&set);
    for (const int core : cores) CPU_SET(core, &set);
    ::sched_setaffinity(0, sizeof set, &set);
  }

  std::vector<int> before_;
  bool pinned_;
};

}  // namespace gateway::bench
