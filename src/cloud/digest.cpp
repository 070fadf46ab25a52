#include "cloud/digest.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <stdexcept>

namespace gateway::cloud {
namespace {

void require(bool done) {
  if (!done) throw std::runtime_error("SHA-256 is not available in this OpenSSL");
}

}  // namespace

Digest sha256(std::string_view text) {
  Digest digest{};
  require(EVP_Digest(text.data(), text.size(), digest.data(), nullptr, EVP_sha256(), nullptr) == 1);
  return digest;
}

Digest hmac_sha256(std::span<const unsigned char> key, std::string_view text) {
  Digest digest{};
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): OpenSSL's idea of bytes
  const auto* bytes = reinterpret_cast<const unsigned char*>(text.data());
  require(HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), bytes, text.size(),
               digest.data(), nullptr) != nullptr);
  return digest;
}

Digest hmac_sha256(std::string_view key, std::string_view text) {
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): OpenSSL's idea of bytes
  const auto* bytes = reinterpret_cast<const unsigned char*>(key.data());
  return hmac_sha256(std::span(bytes, key.size()), text);
}

std::string hex(std::span<const unsigned char> bytes) {
  return fmt::format("{:02x}", fmt::join(bytes, ""));
}

}  // namespace gateway::cloud
