#include "gateway/observe/limits.hpp"

#include <fmt/format.h>

#include <string_view>

namespace gateway::observe {

std::string limits_text(const Limits& limits) {
  const auto gauge = [](std::string_view name, std::string_view help, std::uint64_t value) {
    return fmt::format(
        "# HELP cos_gateway_{0} {1}\n# TYPE cos_gateway_{0} gauge\ncos_gateway_{0} {2}\n", name,
        help, value);
  };
  return gauge("limit_connections", "gateway.max_connections.", limits.connections) +
         gauge("limit_in_flight_bytes", "gateway.max_in_flight.", limits.in_flight_bytes) +
         gauge("limit_spool_bytes", "spool.max_bytes; 0 without a spool.", limits.spool_bytes);
}

}  // namespace gateway::observe
