#include "cloud/http_date.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <ctime>
#include <string>

namespace gateway::cloud {

std::optional<std::chrono::sys_seconds> read_http_date(std::string_view text) {
  const std::string date(text);
  std::tm parts{};
  const char* const end = ::strptime(date.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
  if (end != date.c_str() + date.size()) return std::nullopt;
  const std::chrono::sys_seconds time{std::chrono::seconds(::timegm(&parts))};
  // Both are lenient: with blanks, numbers of one digit, and days that the month does not have.
  if (fmt::format("{:%d %b %Y %H:%M:%S} GMT", parts) != text.substr(5)) return std::nullopt;
  return time;
}

}  // namespace gateway::cloud
