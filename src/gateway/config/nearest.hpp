#pragma once
#include <optional>
#include <string_view>
#include <vector>

namespace gateway::config {

// Returns the candidate that a misspelt word most likely means: the one with the fewest insertions,
// deletions, replacements and swaps of neighbours (Damerau-Levenshtein, restricted), the first of
// equals; nullopt if even these are too many for the length of the word.
[[nodiscard]] std::optional<std::string_view> nearest(
    std::string_view word, const std::vector<std::string_view>& candidates);

}  // namespace gateway::config
