#pragma once
#include <string>
#include <string_view>

#include "gateway/config/settings.hpp"
#include "gateway/pipeline/route_plan.hpp"

namespace gateway::commands {

// Returns lines that say for each entry of `buckets` whether it takes an object's key, and if not,
// why. `text` is the key, or `name-appid/key`, which asks the entries of one bucket only.
[[nodiscard]] std::string entries_about_key(const RoutePlan& plan, std::string_view text);

// Returns lines that say where a record goes: which entry takes it, and why others of its bucket do
// not; each begins with `# record 0`.
[[nodiscard]] std::string entries_about_record(const RoutePlan& plan, std::size_t index,
                                               const routing::RecordFacts& facts,
                                               const routing::Decision& decision);

}  // namespace gateway::commands
