#pragma once
#include <span>
#include <string>
#include <string_view>

#include "soak/outcome.hpp"

namespace gateway::soak {

struct Scenario {
  std::string_view name;
  std::string_view what;  // for --help
  bool needs_spool = false;
  bool only_named = false;  // not one of "all": it measures
  Outcome (*play)(const Options&);
  bool attack = false;  // one of --attacks
  // Returns why the scenario cannot run on this machine; empty if it can.
  std::string (*obstacle)() = nullptr;
};

[[nodiscard]] std::span<const Scenario> scenarios();

// Returns the path of HAProxy; empty if it is not installed.
[[nodiscard]] std::string find_haproxy();
// Runs three gateways behind HAProxy as configured in deploy/haproxy/haproxy.cfg, with a post every
// 10 ms, and restarts each gateway in turn. No post may fail, and no event may be missing.
[[nodiscard]] Outcome rolling_restart(const Options& options);

// One of four addresses after the other, and several, fall silent and come back.
[[nodiscard]] Outcome addresses(const Options& options);
// The network forgets all connections to the eventbus, again and again.
[[nodiscard]] Outcome forgotten(const Options& options);

// Measure how fast the spool takes events and gives them back. They count events without following
// them; the other scenarios test that nothing is lost.
//
// Measures without an eventbus: records acknowledged per second in posts of 1, 10 and 100 records
// over different numbers of connections, the CPU time of each thread, and the rate of the device
// alone with the same bytes in pieces of the size of a commit.
[[nodiscard]] Outcome spool_rate(const Options& options);
// Measures how fast a backlog is delivered, compared with direct delivery of the same events.
[[nodiscard]] Outcome replay_rate(const Options& options);

}  // namespace gateway::soak
