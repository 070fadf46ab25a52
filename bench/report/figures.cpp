#include "report/figures.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace gateway::report {

std::string figure(double value) {
  const double size = std::abs(value);
  if (size == 0) return "0";
  if (size < 100) {
    // What rounds up to the next power of ten has that one's digits.
    const double power = std::floor(std::log10(size * 1.0005));
    const int decimals = std::clamp(2 - static_cast<int>(power), 0, 6);
    return fmt::format("{:.{}f}", value, decimals);
  }
  return whole(value);
}

std::string whole(double value) {
  std::string digits = fmt::format("{:.0f}", value);
  const std::size_t first = value < 0 ? 1 : 0;
  for (std::size_t at = digits.size(); at > first + 3;) {
    at -= 3;
    digits.insert(at, ",");
  }
  return digits;
}

std::string duration(double microseconds) {
  if (microseconds >= 1e6) return figure(microseconds / 1e6) + " s";
  if (microseconds >= 1e3) return figure(microseconds / 1e3) + " ms";
  return figure(microseconds) + " µs";
}

std::string mebibytes(double bytes) {
  return figure(bytes / (1 << 20));
}

std::string times(double ratio) {
  return ratio == 0 ? "-" : fmt::format("{:.{}f}x", ratio, ratio < 10 ? 2 : 1);
}

std::string percent(double share) {
  return fmt::format("{:+.1f} %", 100 * share);
}

}  // namespace gateway::report
