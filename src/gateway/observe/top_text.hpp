#pragma once
#include <chrono>
#include <cstddef>
#include <vector>

#include "gateway/observe/json_part.hpp"
#include "runtime/terminal.hpp"

namespace gateway::observe {

// Returns the figures of a gateway's /status as `cos-gateway top` shows them: the state and the
// problem first, then rates, answers, eventbus and stores. Counters are since its start; a figure
// that it does not have is 0 or empty: the gateway may be of another version. `before` was read
// `passed` earlier, which the rates are made of; null: they are left out. The problem takes as many
// lines of `columns` as it needs (0: one); the others are cut by whoever prints them.
[[nodiscard]] std::vector<Line> top_text(JsonPart now, JsonPart before,
                                         std::chrono::duration<double> passed, std::size_t columns);

}  // namespace gateway::observe
