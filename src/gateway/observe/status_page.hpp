#pragma once
#include <chrono>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "gateway/observe/bucket_state.hpp"
#include "gateway/observe/condition.hpp"
#include "gateway/observe/limits.hpp"
#include "gateway/observe/process_metrics.hpp"
#include "gateway/observe/settled_event.hpp"
#include "gateway/observe/shard_status.hpp"
#include "gateway/observe/snapshot.hpp"
#include "gateway/observe/store_status.hpp"
#include "gateway/tls/tls_source.hpp"

namespace gateway::observe {

// What /status shows beyond the counters.
struct ProcessState {
  std::chrono::seconds uptime{0};
  bool draining = false;
  std::string target;
  std::string source;
  std::string host;
  Condition condition;
  std::string provisioning;  // the state's label
  std::string provisioning_step;
  std::string provisioning_error;
  std::vector<BucketState> buckets;  // by number of their entries
  StoreStatuses stores;
  std::vector<tls::SourceStatus> tls;
  std::deque<SettledEvent> failures;  // the last ones, oldest first
  std::size_t watchers = 0;           // of events
  Limits limits;
  ProcessUsage usage;
  // One of each shard; empty if it did not answer in time.
  std::vector<std::optional<ShardStatus>> shards;
};

// Returns what one second sees of the process, for the Monitor.
[[nodiscard]] Observation observation_of(const ProcessState& state, const Snapshot& counters,
                                         Instant now);

// The JSON text of /status. No secret is ever part of it.
[[nodiscard]] std::string status_json(const ProcessState& state, const Snapshot& snapshot);

}  // namespace gateway::observe
