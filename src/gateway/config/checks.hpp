#pragma once
#include <string_view>

#include "gateway/config/report.hpp"
#include "gateway/config/settings.hpp"

namespace gateway::config {

// What no key can be asked alone: what is required, and what goes together. A key that was refused
// already is not complained about again.
void check(const Settings& settings, Report& report);

// The relay function is made of a COS object (`function.code` or its documented defaults), not of
// the built-in relay.
[[nodiscard]] bool uses_code_object(const Settings& settings);

// What the original connector's code object is: a Go program.
constexpr std::string_view kCodeObjectRuntime = "Go1";

}  // namespace gateway::config
