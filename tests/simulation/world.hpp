#pragma once
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace gateway::simulation {

// What can go wrong in a world.
enum class Fault : std::uint8_t {
  client,        // leaves, half-closes or sends half a post
  eventbus,      // an answer or an end that is no acknowledgement
  early,         // an acknowledgement before the request has come
  batch,         // a request is refused because of one of its events
  host,          // one host of an eventbus is silent, refuses or hangs
  forgotten,     // connections are forgotten on the way
  device,        // a call to a disk fails
  lying_sync,    // a disk says that it has what it has not
  clock_step,    // the wall clock is set
  allocation,    // refused
  less_targets,  // a restart with a target less, whose events are in the spool
  kill,          // of the process
  power_cut,
};
inline constexpr std::size_t kFaults = static_cast<std::size_t>(Fault::power_cut) + 1;
[[nodiscard]] std::string_view label(Fault fault) noexcept;

// What happened in one world, in numbers.
struct WorldNumbers {
  std::chrono::milliseconds lived{0};
  std::uint64_t posts = 0;
  std::uint64_t records = 0;
  std::uint64_t acknowledged = 0;
  std::uint64_t requests = 0;   // that reached the eventbus
  std::uint64_t restarted = 0;  // parts
  std::array<std::uint64_t, kFaults> faults{};
  std::uint32_t states = 0;   // in which events were seen: a bit for each EventState
  std::uint32_t planned = 0;  // things that were to happen in it
};

// What came of it.
struct WorldResult : WorldNumbers {
  std::string finding;             // empty: all was as it must be
  std::vector<std::string> trace;  // what the world did, with virtual times
};

// Runs a whole shard (listener, sessions, intake, ledger, queue, eventbus connections, health,
// spooler, dead letters, replay, stop) in this thread on a virtual clock against simulated clients,
// eventbus, network and disks, all of it as the seed says. First the world is bad, then it becomes
// well: everything has to end, and what was acknowledged has to be there.
// `without`: numbers of planned things that do not happen, to find out which of them matter.
[[nodiscard]] WorldResult run_world(std::uint64_t seed, const std::set<std::uint32_t>& without);

}  // namespace gateway::simulation
