#include "gateway/config/buckets.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <tuple>
#include <utility>

#include "cloud/bucket_endpoint.hpp"
#include "cloud/function_name.hpp"

namespace gateway::config {
namespace {

constexpr std::size_t kLongestName = 60;  // of a function

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

}  // namespace

std::string path_of(std::size_t entry, std::string_view key) {
  return fmt::format("buckets[{}].{}", entry, key);
}

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
  // The top level, which records of other buckets have their source from, takes what the first
  // entry derived.
  const Function& first = settings.buckets.front().function;
  if (settings.function.region.empty()) settings.function.region = first.region;
  if (settings.function.name.empty()) settings.function.name = first.name;
}

}  // namespace gateway::config
