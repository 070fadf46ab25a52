#pragma once
#include <string>
#include <vector>

#include "micro/subjects.hpp"

namespace gateway::micro {

// Counts the instructions in user space of one call of the body of each subject, by callgrind.
// Unlike time, the count is exact and repeatable. It is the difference between a run of 2N calls
// and one of N, after N calls that are not counted. Prints a table, with the implementation that
// simdjson chooses for the processor that valgrind emulates: a real processor may get a wider one.
// Writes the same as JSON to `file`, unless that is empty.
//
// Runs this program again under valgrind, which must then call counted_run(). Throws
// std::runtime_error if there is no valgrind or if it fails.
void count_instructions(const std::vector<Subject>& subjects, const std::string& file);
// Runs the counted part and returns true if the arguments are those that count_instructions()
// passed; otherwise returns false.
[[nodiscard]] bool counted_run(int argc, char** argv, const std::vector<Subject>& subjects);

}  // namespace gateway::micro
