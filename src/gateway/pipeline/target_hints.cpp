#include "gateway/pipeline/target_hints.hpp"

#include <algorithm>

namespace gateway {
namespace {

constexpr auto by_name = [](const auto& bucket) { return std::string_view(bucket.first); };

}  // namespace

void TargetHints::add(std::string bucket, std::size_t target) {
  const auto at = std::ranges::lower_bound(buckets_, std::string_view(bucket), {}, by_name);
  if (at == buckets_.end() || at->first != bucket) {
    buckets_.emplace(at, std::move(bucket), target);
  } else if (at->second != target) {
    at->second = targets_;
  }
}

std::size_t TargetHints::of(std::string_view bucket) const noexcept {
  const auto at = std::ranges::lower_bound(buckets_, bucket, {}, by_name);
  return at == buckets_.end() || at->first != bucket ? 0 : at->second;
}

}  // namespace gateway
