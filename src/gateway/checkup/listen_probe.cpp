#include "gateway/checkup/listen_probe.hpp"

#include <fmt/format.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/address.hpp>

#include "runtime/bind_listener.hpp"

namespace gateway::checkup {

error_code try_bind(const config::HostPort& address) {
  asio::io_context context(1);
  error_code error;
  const tcp::endpoint at(asio::ip::make_address(address.host, error), address.port);
  if (error) return error;
  Acceptor probe(context.get_executor());
  return bind_listener(probe, at);
}

Finding listen_finding(const std::string& key, const config::HostPort& address,
                       const error_code& error, bool gateway_there) {
  const std::string at = address.text();
  if (!error) return Finding::ok(key, at + " is free");
  if (error == asio::error::address_in_use) {
    if (gateway_there) {
      return Finding::warn(key, at + " is in use, by a gateway that answers at gateway.admin",
                           "nothing to do if it is the one this configuration is for");
    }
    return Finding::fail(Blame::unavailable, key, at + " is in use",
                         "another process listens there: end it, or name another port");
  }
  std::string advice;
  if (error == asio::error::access_denied) {
    advice = "ports below 1024 take the capability CAP_NET_BIND_SERVICE";
  } else if (error == boost::system::errc::address_not_available) {
    advice = "no interface of this machine has the address; 0.0.0.0 is all of them";
  }
  return Finding::fail(Blame::unavailable, key, fmt::format("{}: {}", at, error.message()), advice);
}

}  // namespace gateway::checkup
