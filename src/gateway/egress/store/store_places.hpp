#pragma once
#include <string>

#include "gateway/config/report.hpp"
#include "gateway/config/settings.hpp"
#include "gateway/egress/store/file_system.hpp"
#include "gateway/egress/store/store_error.hpp"

namespace gateway::egress {

// Returns whether stores at these paths would have the same files, however the paths are spelled:
// by way of `.`, `..`, the current folder, links or mounts. Asks the devices, which may hang.
[[nodiscard]] bool is_one_place(const std::string& a, const std::string& b);

// Reports spool and dead letters that are one place. Waits a second at most for a device.
void check_store_places(const config::Settings& settings, config::Report& report);

// Returns why nobody can tell what there is of a store at `path`: its folder, or the file of an
// earlier version, may not be read. What is not there is no error.
[[nodiscard]] StoreResult check_readable(const std::string& path,
                                         FileSystem& files = native_file_system());

}  // namespace gateway::egress
