#pragma once
#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace gateway::simulation {

// What happened in one world, in numbers.
struct WorldNumbers {
  std::chrono::milliseconds lived{0};
  std::uint64_t posts = 0;
  std::uint64_t records = 0;
  std::uint64_t acknowledged = 0;
  std::uint64_t requests = 0;  // that reached the eventbus
  std::uint64_t oddities = 0;  // of the eventbus
  std::uint64_t device_failures = 0;
  std::uint64_t refused_allocations = 0;
  std::uint64_t part_failures = 0;
  bool crashed = false;
};

// What came of it.
struct WorldResult : WorldNumbers {
  std::string finding;             // empty: all was as it must be
  std::vector<std::string> trace;  // what the world did, with virtual times
};

// Runs a whole shard (listener, sessions, intake, ledger, queue, eventbus connections, health,
// spooler, dead letters, replay, stop) in this thread on a virtual clock against simulated clients,
// an eventbus and devices, all of it as the seed says. First the world is bad, then it becomes
// well: everything has to end, and what was acknowledged has to be there.
[[nodiscard]] WorldResult run_world(std::uint64_t seed);

}  // namespace gateway::simulation
