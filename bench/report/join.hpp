#pragma once
#include <boost/json/value.hpp>
#include <string>
#include <vector>

namespace gateway::report {

// What the programs of a benchmark wrote, each in its own form; null where one was not run.
struct Parts {
  std::vector<boost::json::value> suites;  // of cos-bench: their runs are put one after another
  boost::json::value micro_times;          // of Google Benchmark
  boost::json::value micro_instructions;   // of micro-bench --instructions
  boost::json::value instructions;         // of count-instructions
  std::vector<std::string> commands;
};

// The first suite's document with all runs and the further members "micro" {"simdjson",
// "subjects": [{"name", "items", "bytes", "instructions"?, "nanoseconds"?}]}, "instructions"
// [{"gateway", "records_per_post", "connections", "per_post"}] and "commands" [text].
[[nodiscard]] std::string join(const Parts& parts);

}  // namespace gateway::report
