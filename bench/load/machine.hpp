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

// Lets this process, and those it starts, have as many descriptors as they may; how many that is.
std::size_t raise_descriptor_limit();

}  // namespace gateway::load
