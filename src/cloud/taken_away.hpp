#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "cloud/provisioning_plan.hpp"

namespace gateway::cloud {

// COS refuses a rule as long as another one has its events, so a trigger has to go before the one
// that takes its place can be made. When that one is refused, the bucket has no rule. This is the
// memory of one run for that: which triggers it has deleted to make way, until those are there that
// they made way for.
class TakenAway {
 public:
  // Notes a removal that was carried out, if it made way for something. `bucket`: that of the step
  // that it is part of; empty where the whole function goes.
  void note(const PlannedStep& removal, std::string_view bucket);
  // Forgets those for whose buckets nothing is left to do.
  void forget_settled(const Plan& plan);
  // Forgets one that was put back.
  void forget(std::string_view resource);
  void clear() { removals_.clear(); }

  // Returns what was taken away of a bucket; of all if it is empty. Each has the call that puts it
  // back.
  [[nodiscard]] std::vector<PlannedStep> of(std::string_view bucket) const;

 private:
  std::vector<PlannedStep> removals_;
};

}  // namespace gateway::cloud
