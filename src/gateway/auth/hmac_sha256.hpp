#pragma once
#include <openssl/evp.h>

#include <memory>
#include <string_view>

#include "cloud/digest.hpp"
#include "runtime/secret.hpp"

namespace gateway::auth {

// HMAC-SHA256 (RFC 2104) with one key: what depends on the key alone is computed once. OpenSSL
// overwrites its copy of the key at the end. Not thread-safe. Throws std::runtime_error where
// OpenSSL has no such thing.
class HmacSha256 {
 public:
  explicit HmacSha256(const Secret& key);

  // Of `first` followed by `second`.
  [[nodiscard]] cloud::Digest operator()(std::string_view first, std::string_view second);

 private:
  struct Free {
    void operator()(EVP_MAC_CTX* context) const noexcept { EVP_MAC_CTX_free(context); }
  };
  std::unique_ptr<EVP_MAC_CTX, Free> context_;
};

}  // namespace gateway::auth
