#include "gateway/egress/address/harmless_request.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <array>

#include "gateway/version.hpp"

namespace gateway::egress {

std::string webhook_origin() {
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0 || name.front() == '\0')
    return "cos-gateway";
  return name.data();
}

std::string harmless_request(const config::Endpoint& endpoint, const config::Delivery& delivery,
                             std::string_view origin, const Secret& authorization) {
  std::string request = fmt::format(
      "OPTIONS {} HTTP/1.1\r\nHost: {}\r\nUser-Agent: cos-gateway-check/{}\r\n"
      "WebHook-Request-Origin: {}\r\n{}",
      endpoint.request_line_target(), endpoint.host_header, kVersion, origin,
      endpoint.proxy_fields());
  for (const auto& [name, value] : delivery.headers) {
    request += name + ": " + std::string(value.reveal()) + "\r\n";
  }
  if (!authorization.empty()) request += "Authorization: " + authorization.reveal() + "\r\n";
  return request + "Connection: close\r\n\r\n";
}

}  // namespace gateway::egress
