#include "testkit/post.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>

namespace gateway::test {

Post make_post(std::string_view host, std::string_view target, std::string_view body,
               std::size_t records, std::string_view fields) {
  return {.wire = fmt::format("POST {} HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\n"
                              "{}Content-Length: {}\r\n\r\n{}",
                              target, host, fields, body.size(), body),
          .body_bytes = static_cast<std::uint32_t>(body.size()),
          .records = static_cast<std::uint32_t>(records)};
}

std::string post_signature(std::string_view key, std::int64_t time, std::string_view body) {
  const std::string text = fmt::format("{}.{}", time, body);
  std::array<unsigned char, 32> code{};
  ::HMAC(::EVP_sha256(), key.data(), static_cast<int>(key.size()),
         reinterpret_cast<const unsigned char*>(text.data()), text.size(), code.data(), nullptr);
  return fmt::format("t={},v1={:02x}", time, fmt::join(code, ""));
}

}  // namespace gateway::test
