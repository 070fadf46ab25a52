#pragma once
#include <chrono>

#include "gateway/checkup/eventbus_probe.hpp"
#include "gateway/checkup/finding.hpp"

namespace gateway::checkup {

// Returns what a probe of the eventbus means. An address that fails is only a warning while another
// one works, as the gateway goes on to the next. Pure.
[[nodiscard]] Findings eventbus_findings(const EventbusProbe& probe,
                                         const config::Endpoint& endpoint,
                                         const config::Delivery& delivery,
                                         std::chrono::sys_seconds now);

// Returns `text` with the time of expiry: a warning when it is near, a failure when it has passed.
[[nodiscard]] Finding expiry_finding(std::string subject, std::string text,
                                     std::chrono::sys_seconds expires, std::chrono::sys_seconds now,
                                     const std::string& advice);

}  // namespace gateway::checkup
