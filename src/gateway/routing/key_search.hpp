#pragma once
#include <span>

#include "gateway/routing/pattern.hpp"

namespace gateway::routing {

using Patterns = std::span<const Pattern* const>;

// Returns whether there may be an object key that matches every pattern of `all` and none of
// `none`. The answer "no" is certain; "yes" is also the answer where the search would take too
// long. For checking a configuration: it takes up to some milliseconds, and memory.
[[nodiscard]] bool some_key_matches(Patterns all, Patterns none);

}  // namespace gateway::routing
