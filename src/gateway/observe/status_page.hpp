#pragma once
#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "gateway/observe/snapshot.hpp"
#include "gateway/observe/store_status.hpp"
#include "gateway/shard.hpp"
#include "gateway/tls/tls_source.hpp"

namespace gateway::observe {

// What /status shows beyond the counters.
struct ProcessState {
  std::chrono::seconds uptime{0};
  bool draining = false;
  std::string target;
  std::string source;
  std::string provisioning;  // the state's label
  std::string provisioning_step;
  std::string provisioning_error;
  StoreStatuses stores;
  std::vector<tls::SourceStatus> tls;
  // One of each shard; empty if it did not answer in time.
  std::vector<std::optional<ShardStatus>> shards;
};

// The JSON text of /status. No secret is ever part of it.
[[nodiscard]] std::string status_json(const ProcessState& state, const Snapshot& snapshot);

}  // namespace gateway::observe
