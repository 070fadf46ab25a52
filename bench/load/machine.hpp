#pragma once
#include <cstddef>
#include <string>

namespace gateway::load {

// The machine that figures depend on.
struct Machine {
  std::string cpu;
  unsigned cores = 1;
  std::string kernel;
};
[[nodiscard]] Machine this_machine();

// Returns the time of the wall clock as RFC 3339, in UTC.
[[nodiscard]] std::string now_text();

}  // namespace gateway::load
