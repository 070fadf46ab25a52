#include "cloud/taken_away.hpp"

#include <algorithm>
#include <iterator>

namespace gateway::cloud {

void TakenAway::note(const PlannedStep& removal, std::string_view bucket) {
  if (removal.back.action.empty()) return;
  forget(removal.resource);
  PlannedStep& noted = removals_.emplace_back(removal);
  noted.bucket = bucket;
  noted.then.clear();
}

void TakenAway::forget_settled(const Plan& plan) {
  std::erase_if(removals_, [&plan](const PlannedStep& removal) {
    return removal.bucket.empty() ? plan.next() == nullptr : !plan.concerns(removal.bucket);
  });
}

void TakenAway::forget(std::string_view resource) {
  std::erase_if(removals_,
                [resource](const PlannedStep& removal) { return removal.resource == resource; });
}

std::vector<PlannedStep> TakenAway::of(std::string_view bucket) const {
  std::vector<PlannedStep> found;
  std::ranges::copy_if(removals_, std::back_inserter(found), [bucket](const auto& removal) {
    return bucket.empty() || removal.bucket == bucket;
  });
  return found;
}

}  // namespace gateway::cloud
