#pragma once
#include <boost/json/fwd.hpp>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "testkit/histogram.hpp"

namespace gateway::load {

// The gateway of a measurement.
struct RunGateway {
  std::string kind;
  std::string command;
  std::optional<unsigned> threads;
  std::string pipeline;
  bool pinned = false;
};

// The load of a measurement.
struct RunLoad {
  bool open = false;
  unsigned connections = 0;
  unsigned depth = 1;
  std::optional<double> rate;
  std::string arrivals;
  std::string records_per_post;
  double body_bytes = 0;
  bool new_connection_per_post = false;
  bool tls = false;
  bool is_signed = false;
  double duration_s = 0;
  double warmup_s = 0;
  std::uint64_t seed = 0;
};

// Resources that the processes of the gateway used within the window.
struct RunUsage {
  double user_us = 0;
  double system_us = 0;
  double window_us = 0;
  double waited_us = 0;  // ready to run, but another process had the core
  std::uint64_t voluntary = 0;
  std::uint64_t involuntary = 0;
  std::uint64_t idle_bytes = 0;
  std::uint64_t peak_bytes = 0;
};

// One measurement, as it stands in the JSON that `cos-bench --json` writes:
//
// {"schema": 1,
//  "program": {"version", "git"?},
//  "machine": {"cpu", "cores", "kernel"},
//  "at": RFC 3339,
//  "runs": [{
//    "name",                  of the scenario: equal names are comparable
//    "command"?,              of cos-bench
//    "repetition",            from 1
//    "gateway": {"kind" ("direct": none), "command", "threads"?, "pipeline"?, "pinned"},
//    "load": {"loop": "closed"|"open", "connections", "depth", "rate"?, "arrivals"?,
//             "records_per_post" (text: a distribution), "body_bytes" (mean),
//             "new_connection_per_post", "tls", "signed",
//             "duration_s", "warmup_s", "seed"},
//    "sink": {"latency_us" (mean), "fail_share"},
//    "result": {
//      "posts", "records",    acknowledged within the window: from warm-up to the last answer
//      "errors": {code: n},   within the window; codes: see test::PostSource::ended()
//      "posts_per_s", "records_per_s", "mb_per_s",   acknowledged while posts were made; 10^6 bytes
//      "latency_us": {"p50", "p90", "p99", "p999", "max", "mean"},   of the acknowledged ones
//      "histogram": [[upper_us, n], ...],            likewise
//      "cpu"?: {"user_us_per_post", "system_us_per_post", "us_per_post",
//               "user_us_per_record", "system_us_per_record", "us_per_record",
//               "waited_us_per_post",                ready to run, but without a core
//               "cores"},                            busy on average, of the window
//      "generator_cores",                            the same of load and eventbus together; one
//                                                    that is pinned does not sleep in an open loop
//      "generator_waited",                           cores these two waited for on average
//      "context_switches"?: {"voluntary", "involuntary", "per_post"},
//      "resident_bytes"?: {"idle", "peak"},
//      "acknowledged",        records of all posts answered 2xx, warm-up included
//      "arrived"?, "missing"?   events the eventbus took; records acknowledged but not among them
//    }}]}
//
// A member with "?" is left out when it is not known, as the CPU time of a server elsewhere.
struct RunResult {
  std::string name;
  std::string command;
  unsigned repetition = 1;
  RunGateway gateway;
  RunLoad load;
  double sink_latency_us = 0;
  double sink_fail_share = 0;

  std::uint64_t posts = 0;
  std::uint64_t records = 0;
  std::map<std::string, std::uint64_t> errors;
  double posts_per_s = 0;
  double records_per_s = 0;
  double mb_per_s = 0;
  test::Histogram latencies;
  std::optional<RunUsage> usage;
  double generator_cores = 0;
  double generator_waited = 0;
  std::uint64_t acknowledged = 0;
  std::optional<std::uint64_t> arrived;
  std::optional<std::uint64_t> missing;

  // Returns the CPU time per post; 0 without posts. To be called only if `usage` is known.
  [[nodiscard]] double us_per_post() const noexcept;
  [[nodiscard]] double us_per_record() const noexcept;
};

[[nodiscard]] boost::json::object to_json(const RunResult& result);
// Returns the whole document, with program, machine and time. `git`: a revision, or empty.
[[nodiscard]] boost::json::object document(const std::vector<RunResult>& results,
                                           const std::string& git);

}  // namespace gateway::load
