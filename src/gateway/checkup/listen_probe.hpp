#pragma once
#include <string>

#include "gateway/checkup/finding.hpp"
#include "gateway/config/settings.hpp"
#include "runtime/asio.hpp"

namespace gateway::checkup {

// Binds a socket to the address and closes it again, without listening. Returns no error if the
// address is free.
[[nodiscard]] error_code try_bind(const config::HostPort& address);

// Returns the finding for the key that names the address. `gateway_there`: whoever holds the port
// answers as a gateway does. Pure.
[[nodiscard]] Finding listen_finding(const std::string& key, const config::HostPort& address,
                                     const error_code& error, bool gateway_there);

}  // namespace gateway::checkup
