#pragma once
#include <array>
#include <span>
#include <string>
#include <string_view>

namespace gateway::cloud {

using Digest = std::array<unsigned char, 32>;

// SHA-256 and HMAC-SHA256 (RFC 2104). They throw std::runtime_error only where OpenSSL has no
// SHA-256 at all.
[[nodiscard]] Digest sha256(std::string_view text);
[[nodiscard]] Digest hmac_sha256(std::span<const unsigned char> key, std::string_view text);
[[nodiscard]] Digest hmac_sha256(std::string_view key, std::string_view text);

// Lower-case.
[[nodiscard]] std::string hex(std::span<const unsigned char> bytes);

}  // namespace gateway::cloud
