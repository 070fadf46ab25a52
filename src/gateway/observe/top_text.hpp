#pragma once
#include <chrono>
#include <cstddef>
#include <vector>

#include "gateway/observe/status_figures.hpp"
#include "runtime/terminal.hpp"

namespace gateway::observe {

// Returns the figures of a gateway as `cos-gateway top` shows them: the state and the problem
// first, then rates, answers, eventbus and stores. `before` was read `passed` earlier, which the
// rates are made of; null: they are left out. The problem takes as many lines of `columns` as it
// needs (0: one); the others are cut by whoever prints them.
[[nodiscard]] std::vector<Line> top_text(const StatusFigures& now, const StatusFigures* before,
                                         std::chrono::duration<double> passed, std::size_t columns);

}  // namespace gateway::observe
