#pragma once
#include <cstddef>
#include <string>

#include "gateway/egress/store/event_store.hpp"
#include "gateway/replay/replayer.hpp"

// What a replay tells people.
namespace gateway::replay {

// "[=====>    ]": `width` characters between the brackets, `fraction` from 0 to 1.
[[nodiscard]] std::string progress_bar(double fraction, std::size_t width);

// One line: how far it is, what became of the events so far, how many a second.
[[nodiscard]] std::string progress_line(const ReplayProgress& progress);

// Several lines: why it ended if it did not get through, and the balance.
[[nodiscard]] std::string result_text(const ReplayResult& result, egress::StoreKind kind);
// The same for programs: one JSON object on a line, with its end.
[[nodiscard]] std::string result_json(const ReplayResult& result);

}  // namespace gateway::replay
