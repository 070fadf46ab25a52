#pragma once
#include <string>
#include <vector>

#include "report/results.hpp"
#include "report/table.hpp"

namespace gateway::report {

enum class Verdict { same, better, worse };

// One figure that two results have in common.
struct Change {
  std::string what;
  std::string measure;
  double before = 0;
  double now = 0;
  double share = 0;  // of the change, +0.1: a tenth more
  double noise = 0;  // a change within this share means nothing
  Verdict verdict = Verdict::same;
};

struct NoiseThreshold {
  double measured = 0.1;  // of times and rates; more where repetitions lie further apart
  double counted = 0.002;
};

// What both have. Loads are matched by scenario and gateway; the rate of an open loop may differ.
[[nodiscard]] std::vector<Change> compare(const Results& now, const Results& before,
                                          const NoiseThreshold& threshold = {});

// `all`: also those within the noise.
[[nodiscard]] Table to_table(const std::vector<Change>& changes, bool all);

}  // namespace gateway::report
