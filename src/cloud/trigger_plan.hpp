#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "cloud/found.hpp"
#include "cloud/provisioning_plan.hpp"
#include "cloud/succession_plan.hpp"
#include "cloud/wanted.hpp"

namespace gateway::cloud {

// What is planned of the triggers of one bucket.
struct BucketTriggers {
  std::vector<PlannedStep> steps;  // stale triggers go first, as they may conflict with new ones
  std::vector<std::string_view> held;  // events that predecessors or siblings hold
  std::vector<PlannedStep> waits;      // for triggers that were created and do not show yet; last
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
  // Returns the steps that remove all triggers, for a function that is about to be deleted.
  [[nodiscard]] std::vector<PlannedStep> removals() const;
  [[nodiscard]] PlannedStep creation(const WantedBucket& bucket, std::string_view event,
                                     std::string reason) const;

 private:
  [[nodiscard]] const WantedBucket* bucket_of(const FoundTrigger& trigger) const;
  // Returns whether it is on a bucket that is wanted, or was when the function was marked.
  [[nodiscard]] bool is_ours(const FoundTrigger& trigger) const {
    return trigger.type == "cos" && in_.mark.names_bucket(trigger.name);
  }
  [[nodiscard]] PlannedStep removal_of(const FoundTrigger& trigger, std::string reason) const;

  const PlanInput& in_;
  const SuccessionPlan& succession_;
};

}  // namespace gateway::cloud
