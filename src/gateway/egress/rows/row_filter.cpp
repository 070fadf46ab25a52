#include "gateway/egress/rows/row_filter.hpp"

#include <fmt/format.h>

#include <chrono>

#include "events/rfc3339.hpp"
#include "gateway/config/http_url.hpp"
#include "gateway/config/units.hpp"

namespace gateway::egress {
namespace {

constexpr std::size_t kDateSize = 10;  // "2026-01-02"

// Durations of the configuration, and days.
std::optional<config::Duration> parse_age(std::string_view text) {
  if (!text.ends_with('d')) return config::parse_duration(text);
  const auto days = config::parse_digits(text.substr(0, text.size() - 1));
  constexpr std::uint64_t kMostDays = 10'000 * std::uint64_t{366};
  if (!days || *days > kMostDays) return std::nullopt;
  return std::chrono::hours(24) * static_cast<std::int64_t>(*days);
}

}  // namespace

std::optional<WallInstant> parse_moment(std::string_view text, WallInstant now) {
  if (const auto age = parse_age(text)) {
    // Further back than any clock says is all the same.
    return *age > now.time_since_epoch() ? WallInstant() : now - *age;
  }
  if (text.size() == kDateSize) return events::read_rfc3339(fmt::format("{}T00:00:00Z", text));
  return events::read_rfc3339(text);
}

boost::system::result<StoreFilter, std::string> parse_filter(const FilterText& text,
                                                             WallInstant now) {
  StoreFilter filter;
  filter.bucket = text.bucket;
  filter.key_prefix = text.prefix;
  filter.reason = text.reason;
  if (!text.target.empty()) {
    filter.targets = {text.target == "-" ? std::string() : config::with_normal_host(text.target)};
  }
  if (!text.since.empty()) {
    filter.since = parse_moment(text.since, now);
    if (!filter.since)
      return fmt::format("--since: {} is neither a time nor a duration", text.since);
  }
  if (!text.until.empty()) {
    filter.until = parse_moment(text.until, now);
    if (!filter.until)
      return fmt::format("--until: {} is neither a time nor a duration", text.until);
  }
  if (filter.since && filter.until && *filter.since >= *filter.until) {
    return std::string("--since is not before --until");
  }
  return filter;
}

}  // namespace gateway::egress
