#include "cloud/http_date.hpp"

#include <algorithm>
#include <array>

#include "events/ascii.hpp"

namespace gateway::cloud {
namespace {

constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
// 0 stands for a digit, any letter for a letter, the rest for itself.
constexpr std::string_view kForm = "Sun, 00 Nov 0000 00:00:00 GMT";

bool has_form(std::string_view text) {
  return std::ranges::equal(text, kForm, [](char c, char form) {
    if (is_digit(form)) return is_digit(c);
    if (is_letter(form)) return is_letter(c);
    return c == form;
  });
}

int number(std::string_view digits) {
  int value = 0;
  for (const char digit : digits) value = value * 10 + (digit - '0');
  return value;
}

}  // namespace

std::optional<std::chrono::sys_seconds> read_http_date(std::string_view text) {
  if (!has_form(text) || !text.ends_with("GMT")) return std::nullopt;
  const auto* const month = std::ranges::find(kMonths, text.substr(8, 3));
  const int hour = number(text.substr(17, 2));
  const int minute = number(text.substr(20, 2));
  const int second = number(text.substr(23, 2));
  const std::chrono::year_month_day day(
      std::chrono::year(number(text.substr(12, 4))),
      std::chrono::month(static_cast<unsigned>(month - kMonths.begin()) + 1),
      std::chrono::day(static_cast<unsigned>(number(text.substr(5, 2)))));
  if (month == kMonths.end() || !day.ok() || hour > 23 || minute > 59 || second > 60) {
    return std::nullopt;
  }
  return std::chrono::sys_days(day) + std::chrono::hours(hour) + std::chrono::minutes(minute) +
         std::chrono::seconds(second);
}

}  // namespace gateway::cloud
