#pragma once
#include <string_view>

// What a report's page is dressed in.
namespace gateway::report {

[[nodiscard]] std::string_view style_sheet();
// Shows what the nearest point of a plot stands for, by mouse or finger.
[[nodiscard]] std::string_view script();

}  // namespace gateway::report
