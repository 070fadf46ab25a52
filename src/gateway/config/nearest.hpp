#pragma once
#include <optional>
#include <string_view>
#include <vector>

namespace gateway::config {

// The candidate a misspelt word was most likely meant to be: the one with the fewest insertions,
// deletions, replacements and swaps of neighbours (Damerau-Levenshtein, restricted), if those are
// few for the word's length. The first of equals.
[[nodiscard]] std::optional<std::string_view> nearest(
    std::string_view word, const std::vector<std::string_view>& candidates);

}  // namespace gateway::config
