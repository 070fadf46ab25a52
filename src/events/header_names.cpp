#include "events/header_names.hpp"

#include <algorithm>

#include "events/ascii.hpp"

namespace gateway::events {

HeaderNames::HeaderNames(std::vector<std::string> names) : names_(std::move(names)) {
  for (auto& name : names_) {
    std::transform(name.begin(), name.end(), name.begin(), to_lower);
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
                       [](char a, char b) { return to_lower(a) == b; }) != text.end();
  });
}

}  // namespace gateway::events
