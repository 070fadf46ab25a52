#include "gateway/metrics/event_lag.hpp"

#include <algorithm>

namespace gateway {

EventKind kind_of(std::string_view event_name) noexcept {
  const auto is = [event_name](std::string_view family) {
    return event_name.find(family) != std::string_view::npos;
  };
  if (is(":ObjectCreated:")) return EventKind::created;
  if (is(":ObjectRemove:")) return EventKind::removed;
  if (is(":ObjectRestore:")) return EventKind::restored;
  return EventKind::other;
}

void LagHistogram::observe(std::chrono::milliseconds lag) noexcept {
  const auto ms = static_cast<std::uint64_t>(std::max<std::int64_t>(lag.count(), 0));
  const auto* const bound = std::ranges::find_if(
      kBounds, [ms](std::uint32_t seconds) { return ms <= std::uint64_t{seconds} * 1000; });
  counts_[static_cast<std::size_t>(bound - kBounds.begin())].add();
  sum_ms_.add(ms);
}

}  // namespace gateway
