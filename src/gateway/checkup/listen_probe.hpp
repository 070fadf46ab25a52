#pragma once
#include <string>

#include "gateway/checkup/finding.hpp"
#include "gateway/config/settings.hpp"
#include "runtime/asio.hpp"

namespace gateway::checkup {

// Binds a socket to the address and lets it go again: nothing ever listens. No error: it is free.
[[nodiscard]] error_code try_bind(const config::HostPort& address);

// What that came to, for the key that names the address. `gateway_there`: what holds the port
// answers as a gateway does. Pure.
[[nodiscard]] Finding listen_finding(const std::string& key, const config::HostPort& address,
                                     const error_code& error, bool gateway_there);

}  // namespace gateway::checkup
