#pragma once
#include <boost/asio/ip/address.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/asio.hpp"
#include "runtime/http_proxy.hpp"

namespace gateway {

// Hosts that are reached without a proxy: a list as the environment's NO_PROXY has it. There is no
// standard for it; what curl and Go take is taken here. Members stand between commas or blanks:
//
//   *                     every host
//   example.com           this host and all below it; `.example.com` and `*.example.com` likewise
//   10.1.2.3, fd00::1     this address
//   10.0.0.0/8            the addresses of this network
//   any of them, :8080    on this port only; IPv6 in brackets then
class NoProxy {
 public:
  NoProxy() = default;
  explicit NoProxy(std::string_view list);

  // `host`: a name or an address, IPv6 without brackets.
  [[nodiscard]] bool holds(std::string_view host, std::uint16_t port) const;

 private:
  struct Member {
    Member() = default;
    std::string host;                          // in lower case
    std::uint16_t port = 0;                    // 0: any
    std::optional<asio::ip::address> network;  // or a single address
    unsigned prefix_length = 0;                // bits
  };
  bool all_ = false;
  std::vector<Member> members_;
};

// Which proxy a request goes by.
class ProxyRules {
 public:
  // None, whatever the host.
  ProxyRules() = default;
  // The same for every host.
  explicit ProxyRules(HttpProxy proxy) : http_(proxy), https_(std::move(proxy)) {}
  // As the environment has it: one for http, one for https, and the exceptions. A host that is this
  // machine's own loopback is reached by a proxy on loopback alone: for another machine's the name
  // means something else.
  ProxyRules(std::optional<HttpProxy> http, std::optional<HttpProxy> https, NoProxy exceptions);

  // Returns the proxy for a host, null if it is to be reached straight.
  [[nodiscard]] const HttpProxy* find(bool tls, const std::string& host, std::uint16_t port) const;

 private:
  std::optional<HttpProxy> http_;
  std::optional<HttpProxy> https_;
  NoProxy exceptions_;
  bool spares_loopback_ = false;
};

}  // namespace gateway
