#pragma once
#include <cstddef>
#include <string_view>

namespace gateway::cloud {

// SCF "Quota limits": COS triggers of a function.
inline constexpr std::size_t kMostTriggers = 10;

// Which events of a bucket a trigger is for. COS keeps these rules by bucket, for all functions and
// products of the account together, and tells each event to one of them only.
struct NotificationRule {
  std::string_view event;   // such as cos:ObjectCreated:*
  std::string_view prefix;  // of the object's key
  std::string_view suffix;
};

// Returns whether COS refuses to have both rules on one bucket: their events overlap, and so do
// both their prefixes and their suffixes. SCF "COS trigger", COS "Event notification".
[[nodiscard]] inline bool overlap(const NotificationRule& a, const NotificationRule& b) noexcept {
  const auto category = [](std::string_view event) { return event.substr(0, event.rfind(':')); };
  // "cos:ObjectCreated:*" stands for every event of its category.
  const bool events = a.event == b.event || (category(a.event) == category(b.event) &&
                                             (a.event.ends_with('*') || b.event.ends_with('*')));
  return events && (a.prefix.starts_with(b.prefix) || b.prefix.starts_with(a.prefix)) &&
         (a.suffix.ends_with(b.suffix) || b.suffix.ends_with(a.suffix));
}

}  // namespace gateway::cloud
