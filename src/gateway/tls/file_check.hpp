#pragma once
#include "gateway/config/report.hpp"
#include "gateway/config/settings.hpp"

namespace gateway::tls {

// Reports every file of certificates and keys that cannot be read or used.
void check_files(const config::Settings& settings, config::Report& report);

}  // namespace gateway::tls
