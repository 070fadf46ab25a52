#pragma once
#include "cloud/wanted.hpp"
#include "gateway/config/settings.hpp"

namespace gateway {

// Returns the function and the triggers that a configuration asks for; docs/configuration.md,
// "Which code the function runs", has the ways to deploy. For checked settings with
// function.provision only.
[[nodiscard]] cloud::Wanted wanted_function(const config::Settings& settings);

}  // namespace gateway
