#pragma once
#include <charconv>
#include <optional>
#include <string_view>
#include <system_error>

namespace gateway::test {

// Returns the number that the whole text is; nothing if it is none of this type.
template <class Number>
[[nodiscard]] std::optional<Number> read_number(std::string_view text) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace gateway::test
