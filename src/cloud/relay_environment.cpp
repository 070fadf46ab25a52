#include "cloud/relay_environment.hpp"

#include <fmt/format.h>

#include "cloud/digest.hpp"

namespace gateway::cloud {

std::string derive_gateway_token(std::string_view secret_key, std::string_view region,
                                 std::string_view space, std::string_view function) {
  return hex(
      hmac_sha256(secret_key, fmt::format("cos-gateway/v1/{}/{}/{}", region, space, function)));
}

std::string relay_variable(std::string_view text) {
  std::string encoded;
  for (const char c : text) {
    if (c == '%' || c == ';' || c == '=') {
      encoded += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    } else {
      encoded += c;
    }
  }
  return encoded;
}

std::string plain_variable(std::string_view value) {
  std::string text;
  while (!value.empty()) {
    const auto code = value.substr(0, 3);
    const std::size_t taken = code == "%25" || code == "%3B" || code == "%3D" ? 3 : 1;
    text += code == "%25" ? '%' : code == "%3B" ? ';' : code == "%3D" ? '=' : value.front();
    value.remove_prefix(taken);
  }
  return text;
}

}  // namespace gateway::cloud
