#pragma once
#include "gateway/config/report.hpp"
#include "gateway/config/settings.hpp"

namespace gateway::config {

// Checks what provisioning needs: bucket, function, the code it runs, credentials. Only for
// settings with function.provision.
void check_provisioning(const Settings& settings, Report& report);

}  // namespace gateway::config
