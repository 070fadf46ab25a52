#include "events/base64.hpp"

#include <openssl/evp.h>

#include <cstddef>
#include <utility>

namespace gateway::events {
namespace {

const unsigned char* raw(std::string_view text) noexcept {
  return reinterpret_cast<const unsigned char*>(text.data());
}

}  // namespace

void append_base64(std::string& out, std::string_view bytes) {
  const std::size_t before = out.size();
  out.resize(before + (bytes.size() + 2) / 3 * 4);
  EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data() + before), raw(bytes),
                  static_cast<int>(bytes.size()));
}

// OpenSSL passes over white space, and takes padding and left-over bits for zeros: only what it
// would write itself is strict.
std::optional<std::string> decode_base64(std::string_view text) {
  std::string bytes((text.size() + 3) / 4 * 3, '\0');
  const int length = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()), raw(text),
                                     static_cast<int>(text.size()));
  if (length < 0) return std::nullopt;
  bytes.resize(static_cast<std::size_t>(length));
  for (std::size_t i = 0; i < 2 && !bytes.empty() && text.ends_with(i == 0 ? "=" : "=="); ++i) {
    bytes.pop_back();
  }
  std::string again;
  append_base64(again, bytes);
  return again == text ? std::optional(std::move(bytes)) : std::nullopt;
}

}  // namespace gateway::events
