#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "gateway/config/settings.hpp"

// Durations and sizes as the configuration writes them.
namespace gateway::config {

// `250ms`, `10s`, `5m`, `6h`, and `0`. Nothing for any other text, or one too large to count.
[[nodiscard]] std::optional<Duration> parse_duration(std::string_view text);
// In the largest unit that is exact. Not for negative durations.
[[nodiscard]] std::string print_duration(Duration duration);

// Bytes: `512`, `512B`, `64KiB`, `1MiB`, `10GiB`, `1TiB`. Nothing for any other text, or one too
// large to count.
[[nodiscard]] std::optional<std::uint64_t> parse_size(std::string_view text);
[[nodiscard]] std::string print_size(std::uint64_t bytes);

// Decimal digits only.
[[nodiscard]] std::optional<std::uint64_t> parse_digits(std::string_view text);

}  // namespace gateway::config
