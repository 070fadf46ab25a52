#include "gateway/pipeline/target_room.hpp"

#include <algorithm>

namespace gateway {

bool TargetRoom::every_one_refuses() const noexcept {
  for (std::size_t each = 0; each < targets(); ++each) {
    if (!refuses(each)) return false;
  }
  return true;
}

std::chrono::seconds TargetRoom::retry_after(std::size_t target) const {
  if (target != targets()) return delivery(target).retry_after();
  std::chrono::seconds soonest = deliveries_.front()->retry_after();
  for (Delivery* const each : deliveries_.subspan(1)) {
    soonest = std::min(soonest, each->retry_after());
  }
  return soonest;
}

}  // namespace gateway
