#pragma once
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <string_view>

#include "cloud/api_error.hpp"
#include "cloud/provisioning_history.hpp"
#include "cloud/provisioning_plan.hpp"
#include "runtime/clock.hpp"

namespace gateway::cloud {

// The times and limits of provisioning.
struct ProvisioningPace {
  ProvisioningPace() = default;
  std::chrono::milliseconds poll{1000};           // between looks at a changing function; jittered
  std::chrono::milliseconds settle{300'000};      // for a function to become active or absent
  std::chrono::milliseconds retry_initial{1000};  // back-off after a transient error, full jitter
  std::chrono::milliseconds retry_max{60'000};
  std::chrono::milliseconds reconcile{600'000};  // between two reconciliations; jittered by 10 %
  unsigned stubborn_attempts = 5;                // before a stubborn error becomes permanent
  // How long a superseded predecessor is kept; otherwise grace_of() what is wanted.
  std::optional<std::chrono::seconds> grace;
};

// What to do after an outcome.
class NextMove {
 public:
  enum class Kind : std::uint8_t {
    look,        // look again after the pause
    retry,       // the same, but something failed that may pass
    fail,        // an operator has to act
    interrupted  // the API was cancelled
  };

  NextMove() = default;
  Kind kind = Kind::look;
  std::chrono::milliseconds pause{0};
  std::string text;  // of `retry` and `fail`: what went wrong
  std::string code;
  bool denied = false;
  bool awaits_rule = false;  // of `retry`: that the rule of a deleted trigger goes
};

// Returns whether a trigger was refused as the bucket has a conflicting rule. Which of three codes
// the service gives is not documented.
[[nodiscard]] bool is_rule_conflict(const ApiError& error) noexcept;

// Decides, for one run of provisioning, how long to wait and when to give up. It has no clock: the
// time waited is the sum of the pauses it asked for.
class ProvisioningPatience {
 public:
  // More writes to one resource in one run than any change needs: another program undoes them.
  static constexpr unsigned kWrites = 20;

  ProvisioningPatience(const ProvisioningPace& pace, std::uint64_t seed)
      : pace_(pace), random_(seed) {}

  // Notes that a look succeeded: earlier failures of looks no longer count.
  void looked() { looking_ = {}; }
  // Decides after a plan that waits.
  [[nodiscard]] NextMove waits(const PlannedStep& step);
  // Decides after a step's write that succeeded.
  [[nodiscard]] NextMove wrote(const PlannedStep& step);
  // Decides after a step's write that failed.
  [[nodiscard]] NextMove failed(const PlannedStep& step, const ApiError& error,
                                const ProvisioningHistory& history);
  // Decides after a look that failed.
  [[nodiscard]] NextMove failed(const ApiError& error) { return judge("looking", error, looking_); }

  // Returns the pause between two reconciliations.
  [[nodiscard]] std::chrono::milliseconds until_reconciliation();

 private:
  class Failures {
   public:
    Failures() = default;
    unsigned transient = 0;
    unsigned stubborn = 0;
  };

  [[nodiscard]] NextMove settle(std::string_view what, std::string_view code);
  [[nodiscard]] NextMove judge(std::string_view what, const ApiError& error, Failures& failures);
  [[nodiscard]] std::chrono::milliseconds poll();
  [[nodiscard]] std::chrono::milliseconds backoff(unsigned failures);
  [[nodiscard]] std::int64_t random(std::int64_t least, std::int64_t most);

  ProvisioningPace pace_;
  std::mt19937_64 random_;
  Failures looking_;
  std::map<std::string, Failures, std::less<>> writing_;  // by resource
  std::chrono::milliseconds waited_{0};                   // since the last write that succeeded
  std::map<std::string, unsigned, std::less<>> writes_;   // that succeeded, by resource
};

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
