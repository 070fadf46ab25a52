#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "cloud/found.hpp"
#include "cloud/provisioning_plan.hpp"
#include "cloud/succession_plan.hpp"
#include "cloud/wanted.hpp"

namespace gateway::cloud {

// What is planned of the triggers of one bucket, in the order in which it is done: what is new
// first, so that what is stale goes only when that was not refused.
struct BucketTriggers {
  std::vector<PlannedStep> steps;
  std::vector<std::string_view> held;  // events for which something is in the way
  std::vector<InTheWay> in_the_way;    // of the function itself
  std::vector<PlannedStep> stale;
  std::vector<PlannedStep> waits;  // for triggers that were created and do not show yet
};

// Plans the triggers of a function: those that are wanted are created, enabled or left alone, and
// those of ours that nobody wants are removed. Refers to all it is given.
class TriggerPlan {
 public:
  TriggerPlan(const PlanInput& in, const SuccessionPlan& succession)
      : in_(in), succession_(succession) {}

  [[nodiscard]] BucketTriggers of(const WantedBucket& bucket) const;
  // Returns the steps for triggers of buckets that are no longer this function's.
  [[nodiscard]] std::vector<PlannedStep> former() const;
  // Returns the steps that remove all triggers that are ours, for a function that is about to be
  // deleted; where it is made anew, with how each is put back.
  [[nodiscard]] std::vector<PlannedStep> removals(bool made_anew) const;
  // Returns the names of the triggers that the function has from others, and so would lose if it
  // were deleted; where it is made anew, also those that could not be put back. Empty: none.
  [[nodiscard]] std::string others(bool made_anew) const;
  [[nodiscard]] PlannedStep creation(const WantedBucket& bucket, std::string_view event,
                                     std::string reason) const;

 private:
  [[nodiscard]] const WantedBucket* bucket_of(const FoundTrigger& trigger) const;
  // Returns whether it is on a bucket that is wanted, or was when the function was marked.
  [[nodiscard]] bool is_ours(const FoundTrigger& trigger) const {
    return trigger.type == "cos" && in_.mark.names_bucket(trigger.name);
  }
  [[nodiscard]] PlannedStep removal_of(const FoundTrigger& trigger, std::string reason) const;
  // Returns whether the function has as many triggers as it may.
  [[nodiscard]] bool is_full() const;
  // Returns a sibling that will take over a trigger, and so makes room; null: none will.
  [[nodiscard]] const Wanted* heir_of_any() const;

  const PlanInput& in_;
  const SuccessionPlan& succession_;
};

}  // namespace gateway::cloud
