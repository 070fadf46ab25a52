#pragma once
#include <chrono>

#include "gateway/checkup/capacity.hpp"
#include "gateway/checkup/finding.hpp"
#include "gateway/config/settings.hpp"

namespace gateway::checkup {

struct CheckupOptions {
  CheckupOptions() = default;
  // What each step may take: a look-up, a connection, a handshake, an answer, the device.
  std::chrono::milliseconds patience{5000};
  Load load;
};

// Looks at everything a gateway of these settings, which have been checked, would need: the
// eventbus, the cloud, addresses, certificates, devices, memory. Changes nothing, anywhere, and
// sends no event. Blocks; every wait in it has an end.
[[nodiscard]] Findings check_up(const config::Settings& settings, const CheckupOptions& options);

}  // namespace gateway::checkup
