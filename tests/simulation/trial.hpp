#pragma once
#include <sys/types.h>

#include <cstdint>
#include <set>
#include <string>

#include "simulation/world.hpp"

namespace gateway::simulation {

// A world in a process of its own, which a crash or a hang ends.
class Trial {
 public:
  // Begins the world of `seed` without some of the things that were to happen.
  explicit Trial(std::uint64_t seed, const std::set<std::uint32_t>& without = {});
  ~Trial();
  Trial(const Trial&) = delete;
  Trial& operator=(const Trial&) = delete;

  struct Result {
    WorldNumbers numbers;
    std::string finding;  // empty: all was as it must be
    std::string trace;    // lines
    // Memory was refused where the library cannot report it. The program says so and ends likewise
    // (commands/run.cpp).
    bool ended_for_memory = false;
  };
  // Waits for its end.
  [[nodiscard]] Result result();

 private:
  pid_t process_ = -1;
  int from_ = -1;
};

}  // namespace gateway::simulation
