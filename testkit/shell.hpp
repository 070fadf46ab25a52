#pragma once
#include <cstdlib>
#include <string>

namespace gateway::test {

// Runs a command of the shell whose output nobody wants. Returns whether it succeeded. For programs
// of which one thread at a time does so.
[[nodiscard]] inline bool works(const std::string& command) {
  const std::string quiet = command + " >/dev/null 2>&1";
  return std::system(quiet.c_str()) == 0;  // NOLINT(concurrency-mt-unsafe): see above
}

}  // namespace gateway::test
