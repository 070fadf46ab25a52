#pragma once
#include <cstddef>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>

#include "cloud/provisioning_patience.hpp"
#include "cloud/provisioning_plan.hpp"
#include "runtime/clock.hpp"

namespace gateway::cloud {

// A bucket whose triggers cannot be made must not hold up the other buckets of its function. This
// is the memory of one run for that: what holds up which bucket, and for how long.
class BucketObstacles {
 public:
  // Notes what a step of a bucket came to: a failure holds the bucket up, for its pause if it may
  // pass, else for good; any other outcome ends that. Returns whether it was a failure.
  bool note(const std::string& bucket, const NextMove& move, Instant now);
  // Forgets buckets that the plan has nothing to do for: another replica may have done meanwhile
  // what failed here.
  void forget_settled(const Plan& plan);
  void clear() { obstacles_.clear(); }

  [[nodiscard]] std::size_t size() const noexcept { return obstacles_.size(); }
  // Returns what holds up a bucket, or null.
  [[nodiscard]] const NextMove* find(std::string_view bucket) const;
  // Returns the first failure that will not pass, or null.
  [[nodiscard]] const NextMove* failure() const;
  // Returns the buckets that are held up now.
  [[nodiscard]] std::set<std::string, std::less<>> held_up(Instant now) const;
  // Returns until when the first of them is; Instant::max(): none is, or for good.
  [[nodiscard]] Instant first_retry(Instant now) const;

 private:
  class Obstacle {
   public:
    Obstacle() = default;
    NextMove move;
    Instant until = Instant::max();
  };
  std::map<std::string, Obstacle, std::less<>> obstacles_;  // by bucket
};

}  // namespace gateway::cloud
