#include "cloud/notification_rule.hpp"

namespace gateway::cloud {
namespace {

// "cos:ObjectCreated:*" stands for every event of its category.
bool events_overlap(std::string_view a, std::string_view b) noexcept {
  if (a == b) return true;
  const auto category = [](std::string_view event) { return event.substr(0, event.rfind(':')); };
  return category(a) == category(b) && (a.ends_with('*') || b.ends_with('*'));
}

}  // namespace

bool overlap(const NotificationRule& a, const NotificationRule& b) noexcept {
  return events_overlap(a.event, b.event) &&
         (a.prefix.starts_with(b.prefix) || b.prefix.starts_with(a.prefix)) &&
         (a.suffix.ends_with(b.suffix) || b.suffix.ends_with(a.suffix));
}

}  // namespace gateway::cloud
