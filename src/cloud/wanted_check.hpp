#pragma once
#include <optional>
#include <string>

#include "cloud/wanted.hpp"

namespace gateway::cloud {

// What the service would refuse for certain, found before anything is asked of it: the environment
// (4 KB in all, names, reserved prefixes, no empty values) and the size of the code. For operators.
[[nodiscard]] std::optional<std::string> problem_with(const Wanted& wanted);

}  // namespace gateway::cloud
