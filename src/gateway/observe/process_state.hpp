#pragma once
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/domain/bus_answer.hpp"
#include "gateway/egress/eventbus/eventbus.hpp"
#include "gateway/egress/store/store_writer.hpp"
#include "gateway/observe/condition.hpp"
#include "gateway/observe/process_usage.hpp"
#include "gateway/observe/settled_event.hpp"
#include "gateway/tls/tls_source.hpp"

// What /status and /metrics say of the process beside the figures of its shards (snapshot.hpp).
namespace gateway::observe {

// What a shard tells about one target.
struct TargetStatus {
  std::size_t waiting = 0;
  std::size_t queue_bytes = 0;
  std::string eventbus;   // up, down, probing or slow_start
  BusAnswer last_answer;  // its time is zero if there was none
  std::vector<egress::ConnectionStatus> connections;
};

// What /status tells about one shard; gathered on its own thread.
struct ShardStatus {
  std::size_t posts = 0;
  std::size_t events = 0;
  std::vector<TargetStatus> targets;  // the top-level one first
};

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

// The state of provisioning when it is disabled.
inline constexpr std::string_view kProvisioningDisabled = "disabled";

// What is known of an entry of `buckets` beyond its figures.
struct BucketState {
  std::string host;          // of the bucket
  std::string eventbus;      // where its events go
  std::size_t target = 0;    // the number of that one
  std::string function;      // who has its triggers
  std::string provisioning;  // the state's label; empty where it is not known for the bucket alone
  std::string error;         // with what to do about it
};

// What /status and /metrics show beyond the counters.
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
  std::uint64_t part_failures = 0;  // Supervisor::failures()
  // One of each shard; empty if it did not answer in time.
  std::vector<std::optional<ShardStatus>> shards;
};

}  // namespace gateway::observe
