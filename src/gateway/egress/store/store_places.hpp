#pragma once
#include <string>

#include "gateway/config/report.hpp"
#include "gateway/config/settings.hpp"

namespace gateway::egress {

// Returns whether stores at these paths would have the same files, however the paths are spelled:
// by way of `.`, `..`, the current folder, links or mounts. Asks the devices, which may hang.
[[nodiscard]] bool is_one_place(const std::string& a, const std::string& b);

// Reports spool and dead letters that are one place. Waits a second at most for a device.
void check_store_places(const config::Settings& settings, config::Report& report);

}  // namespace gateway::egress
