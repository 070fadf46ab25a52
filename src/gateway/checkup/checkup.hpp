#pragma once
#include <chrono>

#include "gateway/checkup/capacity.hpp"
#include "gateway/checkup/finding.hpp"
#include "gateway/config/settings.hpp"

namespace gateway::checkup {

struct CheckupOptions {
  CheckupOptions() = default;
  // How long each step may take: a look-up, a connection, a handshake, an answer, the device.
  std::chrono::milliseconds patience{5000};
  ExpectedLoad load;
};

// Examines everything that a gateway of these settings needs: the eventbus, the cloud, addresses,
// certificates, devices, memory. Returns the findings. `settings` have been checked. Changes
// nothing and sends no event. Blocks; every wait has a deadline.
[[nodiscard]] Findings check_up(const config::Settings& settings, const CheckupOptions& options);

}  // namespace gateway::checkup
