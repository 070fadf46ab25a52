#pragma once
#include <vector>

#include "cloud/wanted.hpp"
#include "gateway/config/report.hpp"
#include "gateway/config/settings.hpp"

namespace gateway {

// Returns the functions that a configuration asks for, with their triggers, in the order of
// config::shared_functions(); docs/configuration.md, "Which code the function runs", has the ways
// to deploy. For checked settings with function.provision only.
[[nodiscard]] std::vector<cloud::Wanted> wanted_functions(const config::Settings& settings);

// Returns what the platform would refuse of these functions, each with the key to change first.
[[nodiscard]] std::vector<config::Problem> problems_with_functions(
    const config::Settings& settings);

}  // namespace gateway
