#pragma once
#include <cstddef>
#include <string>
#include <vector>

#include "gateway/domain/bus_answer.hpp"
#include "gateway/egress/eventbus/eventbus.hpp"

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

}  // namespace gateway::observe
