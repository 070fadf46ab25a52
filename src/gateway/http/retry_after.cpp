#include "gateway/http/retry_after.hpp"

#include <algorithm>
#include <cstdint>
#include <ctime>
#include <string>

#include "events/ascii.hpp"

namespace gateway::egress {
namespace {

std::optional<std::tm> parse_as(const std::string& text, const char* form) {
  std::tm date{};
  const char* const end = strptime(text.c_str(), form, &date);
  if (end == nullptr || *end != '\0') return std::nullopt;
  return date;
}

// RFC 9110 section 5.6.7: a two-digit year that seems to lie more than 50 years in the future means
// the most recent past year with these digits.
int full_year(int two_digits, int year_now) noexcept {
  const int year = year_now - year_now % 100 + two_digits;
  if (year > year_now + 50) return year - 100;
  if (year <= year_now - 50) return year + 100;
  return year;
}

std::optional<std::tm> parse_date(const std::string& text, std::chrono::sys_seconds now) {
  // IMF-fixdate, the only form that is generated today; strptime ignores case.
  if (auto date = parse_as(text, "%a, %d %b %Y %H:%M:%S GMT")) return date;
  // RFC 850; strptime accepts full names of days for %a.
  if (auto date = parse_as(text, "%a, %d-%b-%y %H:%M:%S GMT")) {
    const std::chrono::year_month_day today{std::chrono::floor<std::chrono::days>(now)};
    date->tm_year = full_year(date->tm_year % 100, static_cast<int>(today.year())) - 1900;
    return date;
  }
  return parse_as(text, "%a %b %e %H:%M:%S %Y");  // asctime()
}

}  // namespace

std::optional<std::chrono::seconds> parse_retry_after(std::string_view text,
                                                      std::chrono::sys_seconds now) {
  if (text.empty()) return std::nullopt;
  if (std::ranges::all_of(text, is_digit)) {
    std::int64_t seconds = 0;
    for (const char c : text) {
      if (seconds < 1'000'000'000) seconds = seconds * 10 + (c - '0');
    }
    return std::chrono::seconds(seconds);
  }
  auto date = parse_date(std::string(text), now);
  if (!date) return std::nullopt;
  // Not with system_clock: its nanoseconds end in the year 2262.
  const std::chrono::sys_seconds at{std::chrono::seconds(timegm(&*date))};
  return std::max(std::chrono::seconds(0), at - now);
}

}  // namespace gateway::egress
