#pragma once
#include <string>
#include <vector>

#include "micro/subjects.hpp"

namespace gateway::micro {

// Instructions in user space for one call of the body of each subject, counted by callgrind. Unlike
// time, the count is exact and repeatable. It is the difference between a run of 2N calls and one
// of N, after N calls that are not counted.

struct Count {
  std::string name;
  Work work;
  double instructions = 0;
};

struct Counts {
  std::vector<Count> counts;
  // The implementation that simdjson chooses for the processor that valgrind emulates; a real
  // processor may get a wider one.
  std::string simdjson;
};

// Runs this program again under valgrind, which must then call counted_run(). Throws
// std::runtime_error if there is no valgrind or if it fails.
[[nodiscard]] Counts count(const std::vector<Subject>& subjects);
// Runs the counted part and returns true if the arguments are those that count() passed; otherwise
// returns false.
[[nodiscard]] bool counted_run(int argc, char** argv, const std::vector<Subject>& subjects);

[[nodiscard]] std::string to_json(const Counts& counts);

}  // namespace gateway::micro
