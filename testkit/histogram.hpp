#pragma once
#include <chrono>
#include <cstdint>
#include <vector>

namespace gateway::test {

// Counts durations in buckets whose width is at most 1/64 of their value (log-linear, as HDR
// histograms are): 30 KB for everything from a nanosecond to a century. add() costs a few
// instructions and never allocates. A value, for one thread.
class Histogram {
 public:
  using Duration = std::chrono::nanoseconds;
  struct Bucket {
    Duration upper;  // largest duration it counts
    std::uint64_t count = 0;
  };

  Histogram();

  // A duration below 0 counts as 0.
  void add(Duration duration) noexcept;
  void add(const Histogram& other) noexcept;

  [[nodiscard]] std::uint64_t count() const noexcept { return count_; }
  [[nodiscard]] Duration max() const noexcept { return max_; }
  [[nodiscard]] Duration mean() const noexcept;
  // Upper end of the bucket below which lies at least that share (0 to 1) of all, but not above
  // max(); 0 if there are none.
  [[nodiscard]] Duration quantile(double share) const noexcept;
  // Those that counted anything, in ascending order.
  [[nodiscard]] std::vector<Bucket> buckets() const;

 private:
  std::vector<std::uint64_t> counts_;
  std::uint64_t count_ = 0;
  double sum_ = 0;  // nanoseconds
  Duration max_{0};
};

}  // namespace gateway::test
