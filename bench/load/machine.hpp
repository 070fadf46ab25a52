#pragma once
#include <cstddef>
#include <string>

namespace gateway::load {

// What figures depend on.
struct Machine {
  std::string cpu;
  unsigned cores = 1;
  std::string kernel;
};
[[nodiscard]] Machine this_machine();

// The wall clock as RFC 3339, in UTC.
[[nodiscard]] std::string now_text();

}  // namespace gateway::load
