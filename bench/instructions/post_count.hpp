#pragma once
#include <cstddef>
#include <cstdint>

#include "load/gateway_under_test.hpp"

namespace gateway::instructions {

struct Load {
  std::size_t records_per_post = 1;
  unsigned connections = 16;
  std::uint64_t posts = 1000;
};

// Returns the user instructions of a gateway per post, counted by callgrind: the difference between
// a run of 2N posts and one of N, which cancels start and stop. Every post must be answered 200.
// The number of posts that meet in a loop turn varies, so that the count repeats within some tenths
// of a percent. Records have 899 bytes. Throws std::runtime_error.
[[nodiscard]] double instructions_per_post(const load::GatewaySpec& gateway,
                                           const load::GatewaySettings& settings, const Load& load);

}  // namespace gateway::instructions
