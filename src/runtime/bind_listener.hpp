#pragma once
#include <sys/socket.h>

#include <boost/asio/ip/v6_only.hpp>
#include <cerrno>

#include "runtime/asio.hpp"

namespace gateway {

// Opens a socket that can listen, and binds it. Connections that are being forgotten do not keep
// the address, listeners do; "::" takes IPv4 as well. `shared`: several sockets of this process may
// have the address (SO_REUSEPORT).
[[nodiscard]] inline error_code bind_listener(Acceptor& socket, const tcp::endpoint& at,
                                              bool shared = false) {
  error_code error;
  socket.open(at.protocol(), error);
  if (!error) socket.set_option(Acceptor::reuse_address(true), error);
  if (!error && at.address().is_v6()) socket.set_option(asio::ip::v6_only(false), error);
  const int on = 1;
  if (!error && shared &&
      ::setsockopt(socket.native_handle(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) != 0) {
    error.assign(errno, boost::system::system_category());
  }
  if (!error) socket.bind(at, error);
  return error;
}

}  // namespace gateway
