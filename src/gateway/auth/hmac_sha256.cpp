// The functions that work on a plain SHA256_CTX are the ones without an allocation and a look-up by
// name for each text; OpenSSL 3 has them and marks them as deprecated.
#define OPENSSL_SUPPRESS_DEPRECATED

#include "gateway/auth/hmac_sha256.hpp"

#include <openssl/crypto.h>

#include <algorithm>
#include <array>

namespace gateway::auth {
namespace {

using Block = std::array<unsigned char, SHA256_CBLOCK>;

SHA256_CTX begin_with(Block key, unsigned char pad) {
  for (unsigned char& byte : key) byte ^= pad;
  SHA256_CTX state;
  SHA256_Init(&state);
  SHA256_Update(&state, key.data(), key.size());
  OPENSSL_cleanse(key.data(), key.size());
  return state;
}

}  // namespace

HmacSha256::HmacSha256(const Secret& key) {
  const std::string& text = key.reveal();
  Block block{};
  if (text.size() <= block.size()) {
    std::copy(text.begin(), text.end(), block.begin());
  } else {
    const cloud::Digest hashed = cloud::sha256(text);
    std::copy(hashed.begin(), hashed.end(), block.begin());
  }
  inner_ = begin_with(block, 0x36);
  outer_ = begin_with(block, 0x5c);
  OPENSSL_cleanse(block.data(), block.size());
}

HmacSha256::~HmacSha256() {
  OPENSSL_cleanse(&inner_, sizeof inner_);
  OPENSSL_cleanse(&outer_, sizeof outer_);
}

cloud::Digest HmacSha256::operator()(std::string_view first, std::string_view second) const {
  cloud::Digest digest{};
  SHA256_CTX state = inner_;
  SHA256_Update(&state, first.data(), first.size());
  SHA256_Update(&state, second.data(), second.size());
  SHA256_Final(digest.data(), &state);
  state = outer_;
  SHA256_Update(&state, digest.data(), digest.size());
  SHA256_Final(digest.data(), &state);
  return digest;
}

}  // namespace gateway::auth
