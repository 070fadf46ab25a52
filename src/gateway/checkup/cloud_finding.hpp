#pragma once
#include <optional>

#include "cloud/api.hpp"
#include "cloud/provisioning_plan.hpp"
#include "gateway/checkup/finding.hpp"

namespace gateway::checkup {

// What the cloud said to reads alone. `plan`: what `run` would do there, or why nobody knows;
// nothing: there was no answer in time. Pure.
[[nodiscard]] Finding cloud_finding(const std::optional<cloud::ApiResult<cloud::Plan>>& plan,
                                    const std::string& api);

}  // namespace gateway::checkup
