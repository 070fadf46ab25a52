#pragma once
#include <cstdio>
#include <cstdlib>

namespace gateway::fuzz {

// What must hold for every input; a fuzzer and the corpus tests both stop where it does not.
inline void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "does not hold: %s\n", what);
  std::abort();
}

}  // namespace gateway::fuzz
