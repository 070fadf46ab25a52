#include "testkit/histogram.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>

namespace gateway::test {
namespace {

// Values below 2^(kBits + 1) have a bucket each. Above, every power of two is cut into 2^kBits
// buckets.
constexpr unsigned kBits = 6;
constexpr std::uint64_t kPerPower = std::uint64_t{1} << kBits;
constexpr std::size_t kBuckets = (64 - kBits) * kPerPower;

std::size_t index_of(std::uint64_t value) noexcept {
  const auto width = static_cast<unsigned>(std::bit_width(value));
  const unsigned shift = width > kBits + 1 ? width - kBits - 1 : 0;
  return shift * kPerPower + (value >> shift);
}

std::uint64_t upper_of(std::size_t index) noexcept {
  const std::size_t shift = index < 2 * kPerPower ? 0 : index / kPerPower - 1;
  const std::uint64_t step = index - shift * kPerPower;
  return ((step + 1) << shift) - 1;
}

}  // namespace

Histogram::Histogram() : counts_(kBuckets) {}

void Histogram::add(Duration duration) noexcept {
  duration = std::max(duration, Duration(0));
  ++counts_[index_of(static_cast<std::uint64_t>(duration.count()))];
  ++count_;
  sum_ += static_cast<double>(duration.count());
  max_ = std::max(max_, duration);
}

void Histogram::add(const Histogram& other) noexcept {
  for (std::size_t i = 0; i < kBuckets; ++i) counts_[i] += other.counts_[i];
  count_ += other.count_;
  sum_ += other.sum_;
  max_ = std::max(max_, other.max_);
}

Histogram::Duration Histogram::mean() const noexcept {
  if (count_ == 0) return Duration(0);
  return Duration(static_cast<std::int64_t>(sum_ / static_cast<double>(count_)));
}

Histogram::Duration Histogram::quantile(double share) const noexcept {
  const auto wanted = static_cast<std::uint64_t>(std::ceil(share * static_cast<double>(count_)));
  std::uint64_t seen = 0;
  for (std::size_t i = 0; i < kBuckets; ++i) {
    seen += counts_[i];
    if (counts_[i] == 0 || seen < wanted) continue;
    return std::min(max_, Duration(static_cast<std::int64_t>(upper_of(i))));
  }
  return max_;
}

std::vector<Histogram::Bucket> Histogram::buckets() const {
  std::vector<Bucket> filled;
  for (std::size_t i = 0; i < kBuckets; ++i) {
    if (counts_[i] == 0) continue;
    filled.push_back({Duration(static_cast<std::int64_t>(upper_of(i))), counts_[i]});
  }
  return filled;
}

}  // namespace gateway::test
