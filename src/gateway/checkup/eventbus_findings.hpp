#pragma once
#include <chrono>

#include "gateway/checkup/eventbus_probe.hpp"
#include "gateway/checkup/finding.hpp"

namespace gateway::checkup {

// What a probe of the eventbus means. Pure. An address that fails is a failure only if no other
// one is well, as the gateway goes on to the next.
[[nodiscard]] Findings eventbus_findings(const EventbusProbe& probe,
                                         const config::Endpoint& endpoint,
                                         const config::Delivery& delivery,
                                         std::chrono::sys_seconds now);

// `text` and until when: a warning when the end is near, a failure when it is over.
[[nodiscard]] Finding expiry_finding(std::string subject, std::string text,
                                     std::chrono::sys_seconds expires, std::chrono::sys_seconds now,
                                     const std::string& advice);

}  // namespace gateway::checkup
