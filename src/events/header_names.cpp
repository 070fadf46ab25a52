#include "events/header_names.hpp"

#include <algorithm>

namespace gateway::events {
namespace {

constexpr char lower(char c) noexcept {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
}

}  // namespace

bool equals_ignoring_case(std::string_view text, std::string_view lower_case) noexcept {
  return std::equal(text.begin(), text.end(), lower_case.begin(), lower_case.end(),
                    [](char a, char b) { return lower(a) == b; });
}

HeaderNames::HeaderNames(std::vector<std::string> names) : names_(std::move(names)) {
  for (auto& name : names_) {
    std::transform(name.begin(), name.end(), name.begin(), lower);
    sizes_ |= std::uint64_t{1} << (name.size() & 63U);
  }
}

bool HeaderNames::is_one(std::string_view name) const noexcept {
  return std::any_of(names_.begin(), names_.end(),
                     [&](const std::string& it) { return equals_ignoring_case(name, it); });
}

bool HeaderNames::any_in(std::string_view text) const noexcept {
  return std::any_of(names_.begin(), names_.end(), [&](const std::string& it) {
    return std::search(text.begin(), text.end(), it.begin(), it.end(),
                       [](char a, char b) { return lower(a) == b; }) != text.end();
  });
}

}  // namespace gateway::events
