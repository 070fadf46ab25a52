#pragma once
#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "gateway/egress/store/store_writer.hpp"
#include "gateway/observe/condition.hpp"
#include "gateway/observe/process_metrics.hpp"
#include "gateway/observe/settled_event.hpp"
#include "gateway/observe/shard_status.hpp"
#include "gateway/tls/tls_source.hpp"

// What /status and /metrics say of the process beside the figures of its shards (snapshot.hpp).
namespace gateway::observe {

// The configured limits of the process: the page shows them beside the usage, and alerts compare
// both.
struct Limits {
  std::uint64_t connections = 0;
  std::uint64_t in_flight_bytes = 0;
  std::uint64_t spool_bytes = 0;  // 0: there is no spool
};

// The present status of the stores; nullopt where none is configured.
struct StoreStatuses {
  std::optional<egress::StoreStatus> spool;
  std::optional<egress::StoreStatus> dead_letters;
};

// What is known of an entry of `buckets` beyond its figures.
struct BucketState {
  std::string host;          // of the bucket
  std::string eventbus;      // where its events go
  std::size_t target = 0;    // the number of that one
  std::string function;      // who has its triggers
  std::string provisioning;  // the state's label; empty where it is not known for the bucket alone
  std::string error;         // with what to do about it
};

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

}  // namespace gateway::observe
