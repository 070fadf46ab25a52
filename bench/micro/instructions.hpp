#pragma once
#include <string>
#include <vector>

#include "micro/subjects.hpp"

namespace gateway::micro {

// Instructions in user space for one call of each subject's body, counted by callgrind: the count
// is exact and repeats, where time does not. It is the difference of a run of 2N and one of N
// calls, after N calls that nobody counts.

struct Count {
  std::string name;
  Work work;
  double instructions = 0;
};

struct Counts {
  std::vector<Count> counts;
  // simdjson's code for the processor that valgrind emulates; the real one may get a wider one.
  std::string simdjson;
};

// Runs this very program once more under valgrind, which must then call counted_run(). Throws
// std::runtime_error if there is no valgrind or it fails.
[[nodiscard]] Counts count(const std::vector<Subject>& subjects);
// Runs the counted part and returns true if the arguments are those that count() gave; else returns
// false.
[[nodiscard]] bool counted_run(int argc, char** argv, const std::vector<Subject>& subjects);

[[nodiscard]] std::string to_json(const Counts& counts);

}  // namespace gateway::micro
