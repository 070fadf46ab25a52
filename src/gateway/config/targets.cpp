#include "gateway/config/targets.hpp"

#include <algorithm>
#include <stdexcept>

namespace gateway::config {
namespace {

bool is_same(const Endpoint& a, const Endpoint& b) noexcept {
  return a.tls == b.tls && a.host == b.host && a.port == b.port && a.host_header == b.host_header &&
         a.request_target == b.request_target;
}

}  // namespace

Targets::Targets(const Settings& settings)
    : target_(settings.target),
      eventbus_(settings.eventbus),
      profile_(settings.delivery.profile),
      proxies_(settings.delivery.proxies) {
  static_cast<void>(number_of({}, {}));
  for (const BucketEntry& entry : settings.buckets) {
    static_cast<void>(number_of(entry.target, entry.eventbus));
  }
}

std::size_t Targets::number_of(const std::string& target, const std::string& eventbus) {
  auto endpoint = parse_endpoint(target.empty() ? target_ : target,
                                 eventbus.empty() ? eventbus_ : eventbus, profile_);
  if (!endpoint) throw std::invalid_argument("target: " + endpoint.error().message());
  endpoint->go_by(proxies_);
  const auto known = std::ranges::find_if(
      endpoints_, [&](const Endpoint& one) { return is_same(one, *endpoint); });
  const auto number = static_cast<std::size_t>(known - endpoints_.begin());
  if (known == endpoints_.end()) endpoints_.push_back(*endpoint);
  return number;
}

std::size_t target_count(const Settings& settings) {
  return settings.buckets.empty() ? 1 : Targets(settings).endpoints().size();
}

}  // namespace gateway::config
