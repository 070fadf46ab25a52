#include "gateway/observe/figures.hpp"

#include <fmt/format.h>

#include <cmath>
#include <string_view>

namespace gateway::observe {
namespace {

// Three figures say enough.
std::string rounded(double value) {
  return value < 9.95 ? fmt::format("{:.2g}", value) : fmt::format("{:.0f}", value);
}

std::string plural(std::int64_t count, std::string_view unit) {
  return fmt::format("{} {}{}", count, unit, count == 1 ? "" : "s");
}

}  // namespace

std::string bytes_text(std::uint64_t bytes) {
  constexpr std::string_view kUnits[] = {"B", "KiB", "MiB", "GiB", "TiB"};
  auto value = static_cast<double>(bytes);
  const auto* unit = std::begin(kUnits);
  // What would be rounded to 1024 of a unit is 1 of the next.
  while (value >= 1023.5 && unit + 1 != std::end(kUnits)) {
    value /= 1024;
    ++unit;
  }
  return fmt::format("{} {}", rounded(value), *unit);
}

std::string latency_text(std::chrono::duration<double> time) {
  const double ms = time.count() * 1e3;
  if (ms >= 999.5) return rounded(ms / 1000) + " s";
  return ms < 0.01 ? "under 0.01 ms" : rounded(ms) + " ms";
}

std::string duration_text(std::chrono::duration<double> time) {
  const std::int64_t seconds = std::llround(time.count());
  constexpr std::int64_t kMinute = 60;
  constexpr std::int64_t kHour = 60 * kMinute;
  constexpr std::int64_t kDay = 24 * kHour;
  const auto two = [](std::int64_t large, std::string_view unit, std::int64_t small,
                      std::string_view small_unit) {
    return small == 0 ? fmt::format("{} {}", large, unit)
                      : fmt::format("{} {} {} {}", large, unit, small, small_unit);
  };
  if (seconds < 2 * kMinute) return fmt::format("{} s", seconds);
  if (seconds < kHour) return fmt::format("{} min", seconds / kMinute);
  if (seconds < kDay) return two(seconds / kHour, "h", seconds % kHour / kMinute, "min");
  if (seconds < 100 * kDay) return two(seconds / kDay, "d", seconds % kDay / kHour, "h");
  return fmt::format("{} d", count_text(static_cast<std::uint64_t>(seconds / kDay)));
}

std::string count_text(std::uint64_t number) {
  std::string text = std::to_string(number);
  for (std::size_t at = text.size(); at > 3;) {
    at -= 3;
    text.insert(at, ",");
  }
  return text;
}

std::string relative_date_text(std::chrono::seconds ahead) {
  const auto away = ahead.count() < 0 ? -ahead.count() : ahead.count();
  constexpr std::int64_t kHour = 3600;
  const std::string text =
      away < 48 * kHour ? plural(away / kHour, "hour") : plural(away / (24 * kHour), "day");
  return ahead.count() < 0 ? text + " ago" : "in " + text;
}

}  // namespace gateway::observe
