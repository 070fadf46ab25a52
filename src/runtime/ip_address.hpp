#pragma once
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/network_v4.hpp>
#include <boost/asio/ip/network_v6.hpp>
#include <optional>
#include <string>

#include "runtime/asio.hpp"

namespace gateway {

// Returns the IP address that `text` is, IPv6 without brackets. One of IPv4 is that also where it
// is written as one of IPv6: ::ffff:10.0.0.1.
[[nodiscard]] inline std::optional<asio::ip::address> ip_address(const std::string& text) {
  error_code error;
  auto address = asio::ip::make_address(text, error);
  if (error) return std::nullopt;
  if (!address.is_v6() || !address.to_v6().is_v4_mapped()) return address;
  return asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6());
}

// Returns whether the first `bits` of both addresses are the same.
[[nodiscard]] inline bool in_network(const asio::ip::address& address,
                                     const asio::ip::address& network, unsigned short bits) {
  using asio::ip::make_network_v4, asio::ip::make_network_v6;
  if (address.is_v4() != network.is_v4()) return false;
  return address.is_v4() ? make_network_v4(address.to_v4(), bits).canonical() ==
                               make_network_v4(network.to_v4(), bits).canonical()
                         : make_network_v6(address.to_v6(), bits).canonical() ==
                               make_network_v6(network.to_v6(), bits).canonical();
}

}  // namespace gateway
