#include "gateway/http/host.hpp"

#include <algorithm>

#include "events/ascii.hpp"

namespace gateway::http {
namespace {

// RFC 3986: unreserved and sub-delims.
constexpr bool is_name_character(char c) noexcept {
  return is_alphanumeric(c) ||
         std::string_view("-._~!$&'()*+,;=").find(c) != std::string_view::npos;
}

bool is_registered_name(std::string_view text) noexcept {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      if (!is_name_character(text[i])) return false;
    } else if (text.size() - i < 3 || !is_hex_digit(text[i + 1]) || !is_hex_digit(text[i + 2])) {
      return false;
    }
  }
  return true;
}

// What may stand in the brackets: an IPv6 address, or an address of a version to come.
bool is_literal(std::string_view text) noexcept {
  const auto may_stand = [](char c) { return is_name_character(c) || c == ':'; };
  if (text.starts_with('v') || text.starts_with('V')) return std::ranges::all_of(text, may_stand);
  return text.size() >= 2 &&
         std::ranges::all_of(text, [](char c) { return is_hex_digit(c) || c == ':' || c == '.'; });
}

bool is_port(std::string_view text) noexcept {
  return text.empty() || (text.front() == ':' && std::ranges::all_of(text.substr(1), is_digit));
}

}  // namespace

bool is_host(std::string_view text) noexcept {
  if (text.starts_with('[')) {
    const std::size_t end = text.find(']');
    return end != std::string_view::npos && is_literal(text.substr(1, end - 1)) &&
           is_port(text.substr(end + 1));
  }
  const std::size_t colon = std::min(text.find(':'), text.size());
  return is_registered_name(text.substr(0, colon)) && is_port(text.substr(colon));
}

}  // namespace gateway::http
