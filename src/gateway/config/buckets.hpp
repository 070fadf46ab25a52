#pragma once
#include <cstddef>
#include <string>
#include <vector>

#include "gateway/config/report.hpp"
#include "gateway/config/settings.hpp"

namespace gateway::config {

// SCF "Quota limits": COS triggers of one function, and functions of one namespace in a region.
inline constexpr std::size_t kMostTriggers = 10;
inline constexpr std::size_t kMostFunctions = 50;

// Returns the entries of `buckets`, or the one entry that `bucket` means; none if there is neither.
// Complete: what an entry leaves out is as the top level says.
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
// bucket that has several entries has several functions, as triggers are named after it. Without a
// name of its own a function is named after the first of its buckets. Equal on every replica. Once,
// when all sources have been read.
void complete_buckets(Settings& settings, const Report& report);
// Reports what is wrong between entries, and patterns that no key can match.
void check_buckets(const Settings& settings, Report& report);

}  // namespace gateway::config
