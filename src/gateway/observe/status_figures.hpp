#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace gateway::observe {

// The figures of a gateway's /status that commands show. Counters are since its start. A figure
// that it does not have is 0 or empty: the gateway may be of another version.
struct StatusFigures {
  struct Store {
    std::string state;
    std::string error;
    std::uint64_t events = 0;
    std::uint64_t bytes = 0;
  };
  // The connections to one address.
  struct Bus {
    std::string address;
    std::map<std::string, std::uint64_t> states;  // how many are "ready" and so on
    std::uint64_t in_flight = 0;
    std::string last_error;
  };
  struct Failure {
    std::string time, outcome, key, reason;
    std::uint64_t status = 0;
  };

  std::string version, host, target;
  std::string state;    // label(Health)
  std::string problem;  // one sentence; empty when all is well
  std::uint64_t uptime_seconds = 0;
  std::uint64_t threads = 0;
  std::map<std::string, std::uint64_t> posts;  // by status
  std::uint64_t received = 0, delivered = 0, retried = 0, spooled = 0, dead_lettered = 0,
                failed = 0, filtered = 0;
  std::uint64_t in_flight = 0, queued = 0, post_bytes = 0, clients = 0;
  std::uint64_t most_clients = 0, most_post_bytes = 0, most_spool_bytes = 0;
  std::vector<double> bounds;                 // of the next, in seconds; the last one has none
  std::vector<std::uint64_t> post_durations;  // posts answered, by the time it took
  std::vector<Bus> buses;
  std::optional<Store> spool, dead_letters;
  std::string provisioning, provisioning_error;
  std::vector<Failure> failures;  // in the order of /status
};

// Returns the figures of a JSON text, or nullopt if it is no JSON object.
[[nodiscard]] std::optional<StatusFigures> read_status(std::string_view json);

}  // namespace gateway::observe
