#pragma once
#include <array>
#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>

#include "gateway/observe/snapshot.hpp"
#include "runtime/clock.hpp"

namespace gateway::observe {

// Keeps the last hour as the status page draws it, so that a page that is opened now shows what
// happened before. A ring of fixed size with one point per ten seconds. Lives on the control
// thread.
class History {
 public:
  static constexpr std::chrono::seconds kStep{10};
  static constexpr std::size_t kPoints = 360;

  // Takes the counters as they are at `now`. Adds a point when kStep has passed since the last one.
  void look(const Snapshot& seen, Instant now);

  // Returns
  // {"step_seconds":10,"points":[{"received":,"delivered":,"given_up":,"p50":,"p99":},...]}, the
  // oldest first: rates a second, times in seconds, null where no post was answered.
  [[nodiscard]] std::string json() const;
  [[nodiscard]] std::size_t size() const noexcept { return points_.size(); }

 private:
  struct Point {
    float received = 0;  // a second
    float delivered = 0;
    float given_up = 0;  // dead letters included
    std::optional<float> p50;
    std::optional<float> p99;
  };
  struct Mark {
    Instant at{};
    std::uint64_t received = 0;
    std::uint64_t delivered = 0;
    std::uint64_t given_up = 0;
    std::array<std::uint64_t, Histogram::kBuckets> post_duration{};
  };

  std::deque<Point> points_;
  std::optional<Mark> last_;
};

// Returns the value in seconds below which the share `share` of the counted times lies, assuming
// that times are spread evenly within a bucket; nullopt if there are none.
[[nodiscard]] std::optional<double> quantile(
    double share, const std::array<std::uint64_t, Histogram::kBuckets>& counts) noexcept;

}  // namespace gateway::observe
