#pragma once
#include <array>
#include <cstddef>
#include <cstdint>

namespace gateway::observe {

// Numbers by the value of an enumeration.
template <class Enum>
using Counts = std::array<std::uint64_t, static_cast<std::size_t>(Enum::count_)>;

}  // namespace gateway::observe
