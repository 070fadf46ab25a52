#include "cloud/provisioning_status.hpp"

#include <algorithm>

#include "runtime/log.hpp"

namespace gateway::cloud {
namespace {

// Of a function with several buckets: those whose state is not the function's.
void log_buckets(const ProvisioningStatus& before, const ProvisioningStatus& now) {
  if (now.buckets.size() < 2) return;
  for (std::size_t i = 0; i < now.buckets.size(); ++i) {
    const BucketStatus& bucket = now.buckets[i];
    const bool whole = bucket.state == now.state;
    const bool news = i >= before.buckets.size() || !(bucket == before.buckets[i]);
    if (whole || !news || bucket.last_error.empty()) continue;
    log::warn("provisioning of a bucket", {{"bucket", bucket.bucket},
                                           {"function", bucket.function},
                                           {"state", label(bucket.state)},
                                           {"code", bucket.code},
                                           {"error", bucket.last_error}});
  }
}

}  // namespace

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

void log_news(const ProvisioningStatus& before, const ProvisioningStatus& now) {
  log_buckets(before, now);
  const bool failed = now.state == ProvisioningState::failed;
  if (now.state == before.state && !(failed && now.last_error != before.last_error)) return;
  const auto state = label(now.state);
  switch (now.state) {
    case ProvisioningState::failed:
      log::error("provisioning", {{"state", state}, {"code", now.code}, {"error", now.last_error}});
      break;
    case ProvisioningState::superseded:
      log::warn("provisioning", {{"state", state}, {"reason", now.last_error}});
      break;
    case ProvisioningState::retrying:
      log::warn("provisioning", {{"state", state}, {"step", now.step}, {"error", now.last_error}});
      break;
    default: log::info("provisioning", {{"state", state}, {"step", now.step}});
  }
}

}  // namespace gateway::cloud
