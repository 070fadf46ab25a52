#include "runtime/secret.hpp"

#include <openssl/crypto.h>

namespace gateway {

void Secret::overwrite(std::string& text) noexcept {
  // A string that was moved from is empty and may still hold what was in it.
  text.resize(text.capacity());
  OPENSSL_cleanse(text.data(), text.size());
  text.clear();
}

}  // namespace gateway
