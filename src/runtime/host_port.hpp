#pragma once
#include <cstdint>
#include <string>
#include <string_view>

namespace gateway {

// Returns "host:port", with brackets around an IPv6 address (RFC 3986 section 3.2.2).
[[nodiscard]] inline std::string host_port_text(std::string_view host, std::uint16_t port) {
  const bool is_ipv6 = host.find(':') != std::string_view::npos;
  std::string text(is_ipv6 ? "[" : "");
  text.append(host).append(is_ipv6 ? "]:" : ":").append(std::to_string(port));
  return text;
}

}  // namespace gateway
