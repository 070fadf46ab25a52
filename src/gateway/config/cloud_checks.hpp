#pragma once
#include "gateway/config/report.hpp"
#include "gateway/config/settings.hpp"

namespace gateway::config {

// Checks what provisioning needs: bucket, function, which code it runs, credentials. For settings
// with function.provision only.
void check_provisioning(const Settings& settings, Report& report);

}  // namespace gateway::config
