#include "gateway/config/units.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>

#include "events/ascii.hpp"
#include "events/number_text.hpp"

namespace gateway::config {
namespace {

struct Unit {
  std::string_view name;
  std::uint64_t factor;
};

// Largest first, because printing takes the first unit that is exact.
constexpr std::array kDurationUnits{Unit{"h", 3'600'000}, Unit{"m", 60'000}, Unit{"s", 1'000},
                                    Unit{"ms", 1}};
constexpr std::array kSizeUnits{
    Unit{"TiB", std::uint64_t{1} << 40U}, Unit{"GiB", std::uint64_t{1} << 30U},
    Unit{"MiB", std::uint64_t{1} << 20U}, Unit{"KiB", std::uint64_t{1} << 10U}, Unit{"B", 1}};

template <std::size_t N>
std::optional<std::uint64_t> parse_quantity(std::string_view text, const std::array<Unit, N>& units,
                                            std::uint64_t limit) {
  const auto digits =
      static_cast<std::size_t>(std::ranges::find_if_not(text, is_digit) - text.begin());
  const auto number = parse_digits(text.substr(0, digits));
  if (!number) return std::nullopt;
  for (const auto& [name, factor] : units) {
    if (text.substr(digits) != name) continue;
    if (*number > limit / factor) return std::nullopt;
    return *number * factor;
  }
  return std::nullopt;
}

template <std::size_t N>
std::string print_quantity(std::uint64_t quantity, const std::array<Unit, N>& units) {
  if (quantity == 0) return "0";
  const auto unit = std::ranges::find_if(
      units, [quantity](const Unit& candidate) { return quantity % candidate.factor == 0; });
  return fmt::format("{}{}", quantity / unit->factor, unit->name);
}

}  // namespace

std::optional<std::uint64_t> parse_digits(std::string_view text) {
  // Some readers of YAML read 010 as 8.
  if (text.size() > 1 && text.front() == '0') return std::nullopt;
  return read_number<std::uint64_t>(text);
}

std::optional<Duration> parse_duration(std::string_view text) {
  if (text == "0") return Duration::zero();
  constexpr auto kLimit = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  const auto milliseconds = parse_quantity(text, kDurationUnits, kLimit);
  if (!milliseconds) return std::nullopt;
  return Duration(static_cast<Duration::rep>(*milliseconds));
}

std::string print_duration(Duration duration) {
  return print_quantity(static_cast<std::uint64_t>(duration.count()), kDurationUnits);
}

std::optional<std::uint64_t> parse_size(std::string_view text) {
  if (const auto plain = parse_digits(text)) return plain;
  return parse_quantity(text, kSizeUnits, std::numeric_limits<std::uint64_t>::max());
}

std::string print_size(std::uint64_t bytes) {
  return print_quantity(bytes, kSizeUnits);
}

}  // namespace gateway::config
