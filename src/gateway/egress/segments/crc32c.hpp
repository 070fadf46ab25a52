#pragma once
#include <cstdint>
#include <string_view>

namespace gateway::egress {

// Returns the CRC-32C (Castagnoli polynomial, RFC 3720 appendix B.4) of `bytes`, with the
// instruction of an x86 processor where it has one.
[[nodiscard]] std::uint32_t crc32c(std::string_view bytes) noexcept;

}  // namespace gateway::egress
