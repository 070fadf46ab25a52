#include "gateway/listen_endpoint.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <string>
#include <system_error>

#include "runtime/host_port.hpp"

namespace gateway {

tcp::endpoint listen_endpoint(const config::HostPort& address) {
  asio::io_context context;
  tcp::resolver resolver(context);
  error_code error;
  const auto found =
      resolver.resolve(address.host, std::to_string(address.port), tcp::resolver::passive, error);
  if (error || found.empty()) {
    throw std::system_error(std::make_error_code(std::errc::address_not_available),
                            "cannot listen on " + host_port_text(address.host, address.port));
  }
  return found.begin()->endpoint();
}

void require_free(const tcp::endpoint& at) {
  if (at.port() == 0) return;
  asio::io_context context;
  tcp::acceptor probe(context);
  probe.open(at.protocol());
  probe.set_option(tcp::acceptor::reuse_address(true));
  if (at.address().is_v6()) probe.set_option(asio::ip::v6_only(false));
  probe.bind(at);
}

}  // namespace gateway
