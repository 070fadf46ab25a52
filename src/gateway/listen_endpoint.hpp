#pragma once
#include <boost/asio/ip/tcp.hpp>

#include "gateway/config/settings.hpp"
#include "runtime/asio.hpp"

namespace gateway {

// Returns where an address of the configuration is listened on. Throws std::system_error if it has
// no address.
[[nodiscard]] tcp::endpoint listen_endpoint(const config::HostPort& address);

// Throws boost::system::system_error if another process listens there. SO_REUSEPORT would let a
// second gateway take over half of the connections in silence: a plain bind finds out whether the
// port is free.
void require_free(const tcp::endpoint& at);

}  // namespace gateway
