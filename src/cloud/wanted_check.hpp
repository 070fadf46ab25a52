#pragma once
#include <optional>
#include <string>

#include "cloud/wanted.hpp"

namespace gateway::cloud {

// Returns what the service would refuse for certain, in words for operators, or nullopt: it checks
// the environment (4 KB in all, names, reserved prefixes, no empty values) and the size of the
// code.
[[nodiscard]] std::optional<std::string> problem_with(const Wanted& wanted);

}  // namespace gateway::cloud
