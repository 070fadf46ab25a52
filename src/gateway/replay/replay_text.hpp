#pragma once
#include <cstddef>
#include <string>
#include <vector>

#include "gateway/egress/store/event_store.hpp"
#include "gateway/replay/replayer.hpp"

// The texts of a replay for people, and its result for programs.
namespace gateway::replay {

// Returns "[=====>    ]" with `width` characters between the brackets. `fraction` is from 0 to 1.
[[nodiscard]] std::string progress_bar(double fraction, std::size_t width);

// Returns one line: how much of the store is done, what became of the events so far, events a
// second.
[[nodiscard]] std::string progress_line(const ReplayProgress& progress);

// Returns several lines: why the replay ended if it did not send everything, and the balance.
[[nodiscard]] std::string result_text(const ReplayResult& result, egress::StoreKind kind);

// What was sent to one target.
struct TargetResult {
  std::string target;  // its URL
  ReplayResult result;
};
// Returns the result of all targets and of each for programs: one JSON object on a line, with the
// line end.
[[nodiscard]] std::string result_json(const ReplayResult& total,
                                      const std::vector<TargetResult>& targets);

}  // namespace gateway::replay
