#pragma once
#include <optional>

#include "cloud/api.hpp"
#include "cloud/provisioning_plan.hpp"
#include "gateway/checkup/finding.hpp"

namespace gateway::checkup {

// Returns what reading the cloud showed. `plan` is what `run` would do there, or the error;
// nullopt: there was no answer in time. Pure.
[[nodiscard]] Finding cloud_finding(const std::optional<cloud::ApiResult<cloud::Plan>>& plan,
                                    const std::string& api);

}  // namespace gateway::checkup
