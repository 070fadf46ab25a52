#pragma once
#include <charconv>
#include <optional>
#include <string_view>
#include <system_error>

namespace gateway {

// Returns the decimal number that the whole text is, or nullopt if it is none of this type: empty,
// something else before, in or behind it, or beyond the type's range. Leading zeros are taken, a
// minus where the type has one, no plus.
template <class Number>
[[nodiscard]] std::optional<Number> read_number(std::string_view text) noexcept {
  Number number{};
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || stop != end) return std::nullopt;
  return number;
}

}  // namespace gateway
