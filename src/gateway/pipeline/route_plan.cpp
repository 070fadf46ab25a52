#include "gateway/pipeline/route_plan.hpp"

#include <algorithm>
#include <utility>

#include "cloud/bucket_endpoint.hpp"
#include "gateway/config/buckets.hpp"
#include "gateway/config/targets.hpp"

namespace gateway {
namespace {

// Returns the number of `value` among `all`, where it is added if it is new.
template <class T>
std::uint16_t number_among(std::vector<T>& all, T value) {
  const auto known = std::ranges::find(all, value);
  const auto number = static_cast<std::uint16_t>(known - all.begin());
  if (known == all.end()) all.push_back(std::move(value));
  return number;
}

std::vector<routing::Pattern> compiled(const std::vector<std::string>& texts) {
  std::vector<routing::Pattern> patterns;
  patterns.reserve(texts.size());
  // Those of checked settings are good: another one throws.
  for (const std::string& text : texts) {
    patterns.push_back(routing::Pattern::compile(text).value());
  }
  return patterns;
}

routing::Route route_of(const config::BucketEntry& entry, config::Targets& targets,
                        RoutePlan& plan) {
  routing::Route route;
  const auto endpoint = cloud::parse_bucket_endpoint(entry.bucket.endpoint);
  if (endpoint) route.bucket = endpoint->name + "-" + endpoint->appid;
  route.events = entry.bucket.events;
  route.prefix = entry.bucket.prefix;
  route.suffix = entry.bucket.suffix;
  route.include = compiled(entry.include);
  route.exclude = compiled(entry.exclude);
  route.target = static_cast<std::uint16_t>(targets.number_of(entry.target, entry.eventbus));
  route.style = number_among(plan.styles, EventStyle{entry.event, entry.function.name});
  return route;
}

}  // namespace

RoutePlan route_plan(const config::Settings& settings) {
  RoutePlan plan;
  plan.styles.push_back({settings.event, settings.source()});
  if (settings.buckets.empty()) return plan;
  config::Targets targets(settings);
  std::vector<routing::Route> routes;
  for (const auto& entry : settings.buckets) routes.push_back(route_of(entry, targets, plan));
  plan.targets = targets.endpoints();
  const auto functions = config::shared_functions(settings.buckets);
  for (std::size_t number = 0; number < functions.size(); ++number) {
    for (const std::size_t entry : functions[number].entries) {
      routes[entry].function = static_cast<Signer>(number);
    }
  }
  const bool refuses = settings.unknown_bucket == config::UnknownBucket::refuse;
  plan.table = routing::RouteTable(
      std::move(routes), refuses ? routing::UnknownBucket::refuse : routing::UnknownBucket::accept);
  return plan;
}

}  // namespace gateway
