#pragma once
#include <cstdint>

namespace gateway {

// Who has signed a post: the number of a function of this deployment.
using Signer = std::uint16_t;
// Somebody whose key stands for every bucket, or nobody, where posts need no signature.
inline constexpr Signer kAnySigner = 0xFFFF;

}  // namespace gateway
