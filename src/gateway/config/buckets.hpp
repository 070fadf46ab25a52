#pragma once
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "cloud/notification_rule.hpp"
#include "gateway/config/report.hpp"
#include "gateway/config/settings.hpp"

namespace gateway::config {

using cloud::kMostTriggers;
// SCF "Quota limits": functions of one namespace in a region.
inline constexpr std::size_t kMostFunctions = 50;

// Returns the path of an entry's key: `buckets[3].target`.
[[nodiscard]] std::string path_of(std::size_t entry, std::string_view key);

// Returns the entries of `buckets`, or the one entry that `bucket` means; none if there is neither.
// They are complete: what an entry leaves out has the value of the top level.
[[nodiscard]] std::vector<BucketEntry> bucket_entries(const Settings& settings);

// A function and the numbers of the entries whose triggers it has.
struct SharedFunction {
  Function function;
  std::vector<std::size_t> entries;
};
// Returns the functions of complete entries, in the order of their first entries.
[[nodiscard]] std::vector<SharedFunction> shared_functions(const std::vector<BucketEntry>& entries);

// Fills what the entries leave out, and gives each its function: entries that agree in region,
// namespace, name, memory and timeout share one, as long as it has room for their triggers. A
// bucket with several entries has several functions, as triggers are named after the bucket. A
// function without a name is named after the first of its buckets. The result is the same on every
// replica. Call once, when all sources have been read.
void complete_buckets(Settings& settings, const Report& report);

}  // namespace gateway::config
