#pragma once
#include "cloud/wanted.hpp"
#include "gateway/config/settings.hpp"

namespace gateway {

// The function and the triggers a configuration asks for; docs/configuration.md, "function", has
// the three ways to deploy. For checked settings with function.provision only.
[[nodiscard]] cloud::Wanted wanted_function(const config::Settings& settings);

}  // namespace gateway
