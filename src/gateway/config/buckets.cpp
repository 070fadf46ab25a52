#include "gateway/config/buckets.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <set>
#include <string_view>
#include <tuple>
#include <utility>

#include "cloud/bucket_endpoint.hpp"
#include "cloud/function_name.hpp"
#include "cloud/notification_rule.hpp"
#include "gateway/config/endpoint.hpp"
#include "gateway/config/formats.hpp"
#include "gateway/config/targets.hpp"
#include "gateway/routing/key_search.hpp"

namespace gateway::config {
namespace {

using routing::Pattern;

constexpr std::size_t kLongestName = 60;  // of a function

std::string path_of(std::size_t entry, std::string_view key) {
  return fmt::format("buckets[{}].{}", entry, key);
}

// Fills what entry `number` leaves out.
void complete(BucketEntry& entry, std::size_t number, const Settings& settings,
              const Report& report) {
  const auto given = [&](std::string_view key) { return report.given(path_of(number, key)); };
  if (entry.eventbus.empty()) entry.eventbus = settings.eventbus;
  if (entry.target.empty()) entry.target = settings.target;

  const Function own = std::exchange(entry.function, settings.function);
  if (given("function.region")) entry.function.region = own.region;
  if (given("function.name")) entry.function.name = own.name;
  if (given("function.namespace")) entry.function.space = own.space;
  if (given("function.memory")) entry.function.memory_mb = own.memory_mb;
  if (given("function.timeout")) entry.function.timeout = own.timeout;
  const auto bucket = cloud::parse_bucket_endpoint(entry.bucket.endpoint);
  if (entry.function.region.empty() && bucket) entry.function.region = bucket->region;

  if (!given("event.id")) entry.event.id = settings.event.id;
  if (!given("event.data")) entry.event.data = settings.event.data;
  if (!given("event.attributes")) entry.event.attributes = settings.event.attributes;
  if (!given("event.redact")) entry.event.redact = settings.event.redact;
}

// Decides which entries share a function, one entry after the other, and names the functions.
class Sharing {
 public:
  Sharing(std::vector<BucketEntry>& entries, const std::string& eventbus)
      : entries_(entries), eventbus_(eventbus) {
    for (std::size_t i = 0; i < entries.size(); ++i) add(i);
  }

  void name_functions() {
    std::map<std::pair<std::string, std::string>, std::set<std::string>> taken;
    for (const Draft& draft : drafts_) {
      const Function& function = draft.function;
      auto& names = taken[{function.region, function.space}];
      const std::string name = name_of(draft, names);
      names.insert(name);
      for (const std::size_t entry : draft.entries) entries_[entry].function.name = name;
    }
  }

 private:
  struct Draft {
    Function function;
    std::vector<std::size_t> entries;
    std::size_t triggers = 0;
  };

  void add(std::size_t number) {
    const BucketEntry& entry = entries_[number];
    auto draft = std::ranges::find_if(drafts_, [&](const Draft& it) { return fits(it, entry); });
    if (draft == drafts_.end()) {
      drafts_.push_back({entry.function, {}});
      draft = drafts_.end() - 1;
    }
    draft->entries.push_back(number);
    draft->triggers += entry.bucket.events.size();
  }
  [[nodiscard]] bool fits(const Draft& draft, const BucketEntry& entry) const {
    const auto settings = [](const Function& function) {
      return std::tie(function.region, function.space, function.name, function.memory_mb,
                      function.timeout);
    };
    const auto same_bucket = [&](std::size_t other) {
      return entries_[other].bucket.endpoint == entry.bucket.endpoint;
    };
    return settings(draft.function) == settings(entry.function) &&
           draft.triggers + entry.bucket.events.size() <= kMostTriggers &&
           std::ranges::none_of(draft.entries, same_bucket);
  }
  [[nodiscard]] std::string name_of(const Draft& draft, const std::set<std::string>& taken) const {
    const Function& function = draft.function;
    const std::string& endpoint = entries_[draft.entries.front()].bucket.endpoint;
    if (function.name.empty() && (endpoint.empty() || function.region.empty())) return {};
    for (std::size_t n = 1;; ++n) {
      const std::string number = n == 1 ? "" : fmt::format("-{}", n);
      std::string name = function.name.empty()
                             ? cloud::derive_function_name(
                                   {function.region, function.space, endpoint + number, eventbus_})
                             : function.name.substr(0, kLongestName - number.size()) + number;
      if (!taken.contains(name)) return name;
    }
  }

  std::vector<BucketEntry>& entries_;
  const std::string& eventbus_;
  std::vector<Draft> drafts_;
};

// ---- checks ------------------------------------------------------------------------------------

std::vector<Pattern> compiled(const std::vector<std::string>& texts) {
  std::vector<Pattern> patterns;
  for (const std::string& text : texts) {
    if (auto pattern = Pattern::compile(text)) patterns.push_back(std::move(*pattern));
  }
  return patterns;
}

bool can_match(std::vector<const Pattern*> all, const std::vector<Pattern>& none) {
  std::vector<const Pattern*> excluded;
  for (const Pattern& pattern : none) excluded.push_back(&pattern);
  return routing::some_key_matches(all, excluded);
}

// Names patterns with which an entry can never take a key, given those that are well-formed.
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
  const auto bucket = cloud::parse_bucket_endpoint(entry.bucket.endpoint);
  if (!bucket && !entry.bucket.endpoint.empty() && !report.bad(endpoint)) {
    report.problem_with(endpoint, "expected name-appid.cos.<region>.myqcloud.com, got {}; {}",
                        quote(entry.bucket.endpoint), bucket.error().reason());
  }
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
  return std::any_of(a.events.begin(), a.events.end(), [&](const std::string& event) {
    return std::any_of(b.events.begin(), b.events.end(), [&](const std::string& other) {
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

// Targets are told apart by their URLs as they are shown, in stores and metrics.
void check_targets(const Settings& settings, Report& report) {
  const auto is_good = [&](const std::string& target, const std::string& eventbus) {
    return parse_endpoint(target, eventbus, settings.delivery.profile).has_value();
  };
  // Others have been told of.
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

std::vector<BucketEntry> bucket_entries(const Settings& settings) {
  if (!settings.buckets.empty()) return settings.buckets;
  if (settings.bucket.endpoint.empty()) return {};
  BucketEntry entry;
  entry.bucket = settings.bucket;
  entry.eventbus = settings.eventbus;
  entry.target = settings.target;
  entry.function = settings.function;
  entry.event = settings.event;
  return {std::move(entry)};
}

std::vector<SharedFunction> shared_functions(const std::vector<BucketEntry>& entries) {
  std::vector<SharedFunction> functions;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const Function& function = entries[i].function;
    const auto same = std::ranges::find_if(functions, [&](const SharedFunction& shared) {
      return shared.function.region == function.region && shared.function.space == function.space &&
             shared.function.name == function.name;
    });
    SharedFunction& shared = same == functions.end()
                                 ? functions.emplace_back(function, std::vector<std::size_t>{})
                                 : *same;
    shared.entries.push_back(i);
  }
  return functions;
}

void complete_buckets(Settings& settings, const Report& report) {
  for (std::size_t i = 0; i < settings.buckets.size(); ++i) {
    complete(settings.buckets[i], i, settings, report);
  }
  Sharing(settings.buckets, settings.eventbus).name_functions();
  if (settings.buckets.empty()) return;
  // What is not of an entry, such as the source of other records, has what the first one derived.
  const Function& first = settings.buckets.front().function;
  if (settings.function.region.empty()) settings.function.region = first.region;
  if (settings.function.name.empty()) settings.function.name = first.name;
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
