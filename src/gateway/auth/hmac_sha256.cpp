#include "gateway/auth/hmac_sha256.hpp"

#include <openssl/core_names.h>
#include <openssl/params.h>

#include <array>
#include <stdexcept>
#include <string>

namespace gateway::auth {
namespace {

const unsigned char* bytes_of(std::string_view text) noexcept {
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): OpenSSL's idea of bytes
  return reinterpret_cast<const unsigned char*>(text.data());
}

void require(bool done) {
  if (!done) throw std::runtime_error("HMAC-SHA256 is not available in this OpenSSL");
}

}  // namespace

HmacSha256::HmacSha256(const Secret& key) {
  struct FreeMac {
    void operator()(EVP_MAC* mac) const noexcept { EVP_MAC_free(mac); }
  };
  const std::unique_ptr<EVP_MAC, FreeMac> mac(EVP_MAC_fetch(nullptr, OSSL_MAC_NAME_HMAC, nullptr));
  require(mac != nullptr);
  context_.reset(EVP_MAC_CTX_new(mac.get()));
  std::string digest = "SHA256";
  const std::array parameters{
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest.data(), 0),
      OSSL_PARAM_construct_end()};
  require(context_ != nullptr && EVP_MAC_init(context_.get(), bytes_of(key.reveal()),
                                              key.reveal().size(), parameters.data()) == 1);
}

cloud::Digest HmacSha256::operator()(std::string_view first, std::string_view second) {
  cloud::Digest digest{};
  std::size_t size = 0;
  EVP_MAC_CTX* const context = context_.get();
  // Without a key it begins anew with the one it has: no pad is hashed again.
  require(EVP_MAC_init(context, nullptr, 0, nullptr) == 1 &&
          EVP_MAC_update(context, bytes_of(first), first.size()) == 1 &&
          EVP_MAC_update(context, bytes_of(second), second.size()) == 1 &&
          EVP_MAC_final(context, digest.data(), &size, digest.size()) == 1);
  return digest;
}

}  // namespace gateway::auth
