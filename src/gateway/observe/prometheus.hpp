#pragma once
#include <span>
#include <string>
#include <string_view>

#include "gateway/observe/process_state.hpp"
#include "gateway/observe/snapshot.hpp"

namespace gateway::observe {

// The state of provisioning when it is disabled.
inline constexpr std::string_view kProvisioningDisabled = "disabled";

// Returns the metrics in the Prometheus text format 0.0.4. Every series exists from the start with
// the value 0, so that rates and alerts work on the first occurrence. `buckets`: by number of their
// entries, as those of the snapshot.
[[nodiscard]] std::string prometheus_text(const Snapshot& snapshot, std::string_view provisioning,
                                          std::span<const BucketState> buckets = {},
                                          const StoreStatuses& stores = {},
                                          std::span<const tls::SourceStatus> tls = {});

// Returns the limits as the same text.
[[nodiscard]] std::string limits_text(const Limits& limits);

}  // namespace gateway::observe
