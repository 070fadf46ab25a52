#include "cloud/provisioning_status.hpp"

#include <algorithm>

namespace gateway::cloud {

std::string_view label(ProvisioningState state) noexcept {
  switch (state) {
    case ProvisioningState::working: return "working";
    case ProvisioningState::retrying: return "retrying";
    case ProvisioningState::ready: return "ready";
    case ProvisioningState::failed: return "failed";
    case ProvisioningState::superseded: return "superseded";
    case ProvisioningState::removing: return "removing";
    case ProvisioningState::removed: return "removed";
  }
  return "working";
}

const BucketStatus* ProvisioningStatus::find(std::string_view bucket,
                                             std::string_view function) const {
  const auto found = std::ranges::find_if(buckets, [&](const BucketStatus& one) {
    return one.bucket == bucket && one.function == function;
  });
  return found == buckets.end() ? nullptr : &*found;
}

}  // namespace gateway::cloud
