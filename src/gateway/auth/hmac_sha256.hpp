#pragma once
#include <openssl/sha.h>

#include <string_view>

#include "cloud/digest.hpp"
#include "runtime/secret.hpp"

namespace gateway::auth {

// HMAC-SHA256 (RFC 2104) with one key, for a text that is computed on every post. The blocks that
// depend on the key alone are hashed once, and their two hash states are copied for each text: no
// allocation, no look-up of an algorithm. Keeps nothing of the key but these states and overwrites
// them at the end. Not thread-safe.
class HmacSha256 {
 public:
  explicit HmacSha256(const Secret& key);
  ~HmacSha256();
  HmacSha256(const HmacSha256&) = default;
  HmacSha256& operator=(const HmacSha256&) = default;

  // Returns the code of `first` followed by `second`.
  [[nodiscard]] cloud::Digest operator()(std::string_view first, std::string_view second) const;

 private:
  SHA256_CTX inner_;  // the key's block with the inner pad has been hashed
  SHA256_CTX outer_;  // likewise, with the outer pad
};

}  // namespace gateway::auth
