#pragma once
#include <string>
#include <string_view>

#include "gateway/config/report.hpp"
#include "gateway/config/schema.hpp"

namespace gateway::config {

// Reports which relations between two keys do not hold. A key that was refused already is not
// complained about again.
void check_relations(const Section& root, Report& report);

// Returns what the reference says of the relations of this key, each sentence with a blank before
// it.
[[nodiscard]] std::string sentences_about(std::string_view key);

}  // namespace gateway::config
