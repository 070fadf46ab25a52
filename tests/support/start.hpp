#pragma once
#include <chrono>

#include "runtime/clock.hpp"

namespace gateway::test {

// When the tests of plain classes begin: there are times before it.
inline constexpr Instant kStart{std::chrono::seconds(1000)};

}  // namespace gateway::test
