#include "events/header_names.hpp"

#include <algorithm>

#include "events/ascii.hpp"

namespace gateway::events {

HeaderNames::HeaderNames(std::vector<std::string> names) : names_(std::move(names)) {
  for (auto& name : names_) {
    std::transform(name.begin(), name.end(), name.begin(), to_lower);
    sizes_ |= std::uint64_t{1} << (name.size() & 63U);
    const auto rare = std::ranges::find_if(name, [](char c) { return c > 'f'; });
    rare_.push_back(rare == name.end() ? 0 : static_cast<std::size_t>(rare - name.begin()));
  }
}

bool HeaderNames::is_one(std::string_view name) const noexcept {
  return std::any_of(names_.begin(), names_.end(),
                     [&](const std::string& it) { return equals_ignoring_case(name, it); });
}

bool HeaderNames::any_in(std::string_view text) const noexcept {
  for (std::size_t i = 0; i < names_.size(); ++i) {
    const std::string& name = names_[i];
    const std::size_t rare = rare_[i];
    if (name.size() > text.size()) continue;
    // Where that character can be, if the name lies within the text.
    const std::string_view places = text.substr(rare, text.size() - name.size() + 1);
    const char lower = name[rare];
    for (const char c : {lower, to_upper(lower)}) {
      for (auto at = places.find(c); at != places.npos; at = places.find(c, at + 1)) {
        if (equals_ignoring_case(text.substr(at, name.size()), name)) return true;
      }
    }
  }
  return false;
}

}  // namespace gateway::events
