#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "cloud/bucket_endpoint.hpp"
#include "cloud/notification_rule.hpp"
#include "gateway/config/buckets.hpp"
#include "gateway/config/checks.hpp"
#include "gateway/config/endpoint.hpp"
#include "gateway/config/formats.hpp"
#include "gateway/config/targets.hpp"
#include "gateway/routing/key_search.hpp"

namespace gateway::config {
namespace {

using routing::Pattern;

std::vector<Pattern> compiled(const std::vector<std::string>& texts) {
  std::vector<Pattern> patterns;
  for (const std::string& text : texts) {
    if (auto pattern = Pattern::compile(text)) patterns.push_back(std::move(*pattern));
  }
  return patterns;
}

bool can_match(std::vector<const Pattern*> all, const std::vector<Pattern>& none) {
  std::vector<const Pattern*> excluded;
  excluded.reserve(none.size());
  for (const Pattern& pattern : none) excluded.push_back(&pattern);
  return routing::some_key_matches(all, excluded);
}

// Reports patterns with which an entry can never take a key.
void check_patterns(std::size_t number, const BucketEntry& entry, Report& report) {
  const auto include_path = path_of(number, "include");
  const auto exclude_path = path_of(number, "exclude");
  if (report.bad(include_path) || report.bad(exclude_path)) return;
  const Bucket& bucket = entry.bucket;
  const Pattern prefix = Pattern::begins_with(bucket.prefix);
  const Pattern suffix = Pattern::ends_with(bucket.suffix);
  const auto include = compiled(entry.include);
  const auto exclude = compiled(entry.exclude);
  const auto outside = [&](const std::string& path, std::size_t i) {
    report.problem_with(fmt::format("{}[{}]", path, i),
                        "matches no key that begins with {} and ends with {}: prefix and suffix "
                        "let no other key through",
                        quote(bucket.prefix), quote(bucket.suffix));
  };
  for (std::size_t i = 0; i < exclude.size(); ++i) {
    if (!can_match({&exclude[i], &prefix, &suffix}, {})) outside(exclude_path, i);
  }
  for (std::size_t i = 0; i < include.size(); ++i) {
    if (!can_match({&include[i], &prefix, &suffix}, {})) {
      outside(include_path, i);
    } else if (!can_match({&include[i], &prefix, &suffix}, exclude)) {
      report.problem_with(fmt::format("{}[{}]", include_path, i),
                          "every key that it matches is left out by exclude, which wins");
    }
  }
  if (include.empty() && !exclude.empty() && !can_match({&prefix, &suffix}, exclude)) {
    report.problem_with(exclude_path, "leaves out every key of the bucket");
  }
}

// Checks an entry's bucket and where its events go.
void check_entry(std::size_t number, const BucketEntry& entry, const Settings& settings,
                 Report& report) {
  const auto endpoint = path_of(number, "endpoint");
  report.require(!entry.bucket.endpoint.empty(), endpoint, "required in each entry of buckets");
  check_endpoint(entry.bucket.endpoint, endpoint, report);
  const auto target = path_of(number, "target");
  const auto eventbus = path_of(number, "eventbus");
  if (report.bad(target) || report.bad(eventbus) || report.bad("target")) return;
  if (!report.given(target) && !report.given(eventbus)) return;
  const auto parsed = parse_endpoint(entry.target, entry.eventbus, settings.delivery.profile);
  if (parsed) return;
  const bool of_eventbus = parsed.error().reason() == BadAddress::Reason::eventbus;
  report.problem_with(of_eventbus ? eventbus : target, parsed.error().message());
}

// Returns whether COS refuses to have both entries' triggers on one bucket.
bool overlap(const Bucket& a, const Bucket& b) {
  return std::ranges::any_of(a.events, [&](const std::string& event) {
    return std::ranges::any_of(b.events, [&](const std::string& other) {
      return cloud::overlap({event, a.prefix, a.suffix}, {other, b.prefix, b.suffix});
    });
  });
}

std::string rule_of(const Bucket& bucket) {
  return fmt::format("events [{}], prefix {}, suffix {}", fmt::join(bucket.events, ", "),
                     quote(bucket.prefix), quote(bucket.suffix));
}

void check_pair(std::size_t i, std::size_t j, const Settings& settings, Report& report) {
  const Bucket& a = settings.buckets[i].bucket;
  const Bucket& b = settings.buckets[j].bucket;
  const auto first = cloud::parse_bucket_endpoint(a.endpoint);
  const auto second = cloud::parse_bucket_endpoint(b.endpoint);
  if (!first || !second || first->name != second->name || first->appid != second->appid) return;
  const auto path = path_of(j, "endpoint");
  if (first->region != second->region) {
    report.problem_with(path, "the bucket of buckets[{}], which is in {} there", i, first->region);
  } else if (overlap(a, b)) {
    report.problem_with(path,
                        "twice: it is the bucket of buckets[{}] too, and COS tells an event to one "
                        "trigger only; make one entry of the two, or let their rules not overlap: "
                        "{} there, {} here",
                        i, rule_of(a), rule_of(b));
  }
}

void check_count(const Settings& settings, Report& report) {
  std::map<std::pair<std::string, std::string>, std::set<std::string>> functions;
  for (const BucketEntry& entry : settings.buckets) {
    functions[{entry.function.region, entry.function.space}].insert(entry.function.name);
  }
  for (const auto& [place, names] : functions) {
    if (names.size() <= kMostFunctions) continue;
    report.problem_with("buckets",
                        "{} functions in the namespace {} of {}, of which the platform allows {}; "
                        "entries that agree in function share one, for {} triggers each",
                        names.size(), place.second, place.first, kMostFunctions, kMostTriggers);
  }
}

// Reports targets whose URLs look the same when they are shown: stores and metrics tell targets
// apart by them.
void check_targets(const Settings& settings, Report& report) {
  const auto is_good = [&](const std::string& target, const std::string& eventbus) {
    return parse_endpoint(target, eventbus, settings.delivery.profile).has_value();
  };
  // Targets that are no URLs have been reported already.
  const bool good = is_good(settings.target, settings.eventbus) &&
                    std::ranges::all_of(settings.buckets, [&](const BucketEntry& entry) {
                      return is_good(entry.target, entry.eventbus);
                    });
  if (!good) return;
  std::map<std::string, std::size_t> shown;
  const auto endpoints = Targets(settings).endpoints();
  if (endpoints.size() > Targets::kMost) {
    report.problem_with("buckets", "{} targets, of which {} are allowed", endpoints.size(),
                        Targets::kMost);
  }
  for (const Endpoint& endpoint : endpoints) {
    if (++shown[endpoint.url()] != 2) continue;
    report.problem_with("buckets",
                        "two targets {}: only values in their queries, which are not shown, tell "
                        "them apart; give one of them another path",
                        endpoint.url());
  }
}

}  // namespace

void check_endpoint(const std::string& endpoint, const std::string& path, Report& report) {
  if (endpoint.empty() || report.bad(path)) return;
  if (const auto bucket = cloud::parse_bucket_endpoint(endpoint); !bucket) {
    report.problem_with(path, "expected name-appid.cos.<region>.myqcloud.com, got {}; {}",
                        quote(endpoint), bucket.error().reason());
  }
}

void check_buckets(const Settings& settings, Report& report) {
  if (!settings.buckets.empty() && report.given("bucket")) {
    report.problem_with("buckets", "stands beside bucket: make bucket one of its entries");
  }
  for (std::size_t i = 0; i < settings.buckets.size(); ++i) {
    check_entry(i, settings.buckets[i], settings, report);
    check_patterns(i, settings.buckets[i], report);
    for (std::size_t j = 0; j < i; ++j) check_pair(j, i, settings, report);
  }
  if (settings.function.provision) check_count(settings, report);
  check_targets(settings, report);
}

}  // namespace gateway::config
