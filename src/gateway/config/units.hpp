#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "gateway/config/settings.hpp"

// Durations and sizes as they are written in the configuration.
namespace gateway::config {

// Parses `250ms`, `10s`, `5m`, `6h` or `0`. Returns nullopt for any other text, or for a number
// that is too large.
[[nodiscard]] std::optional<Duration> parse_duration(std::string_view text);
// Prints a duration, which must not be negative, in the largest unit that is exact.
[[nodiscard]] std::string print_duration(Duration duration);

// Parses a number of bytes: `512`, `512B`, `64KiB`, `1MiB`, `10GiB`, `1TiB`. Returns nullopt for
// any other text, or for a number that is too large.
[[nodiscard]] std::optional<std::uint64_t> parse_size(std::string_view text);
[[nodiscard]] std::string print_size(std::uint64_t bytes);

// Parses decimal digits without leading zeros.
[[nodiscard]] std::optional<std::uint64_t> parse_digits(std::string_view text);

}  // namespace gateway::config
