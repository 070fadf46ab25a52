#pragma once
#include <algorithm>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gateway::load {

// One measurement is a JSON object, an element of "runs" in what `cos-bench --json` writes:
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
//      "targets"?: {"healthy": {"posts", "errors"}, "other": likewise}   of a gateway with two,
//                                                    warm-up included
//    }}]}
//
// A member with "?" is left out when it is not known, as the CPU time of a server elsewhere.
using RunResult = boost::json::value;

// Returns a figure of "result" by its JSON pointer, as "/latency_us/p50"; 0 if it is not known.
[[nodiscard]] double figure(const RunResult& run, std::string_view pointer);
// Returns the name of the scenario, and the kind of the gateway.
[[nodiscard]] std::string_view name_of(const RunResult& run);
[[nodiscard]] std::string_view gateway_of(const RunResult& run);
// Returns how many posts were not acknowledged.
[[nodiscard]] double errors_of(const RunResult& run);

// Returns the median of the values: for an even number of values the mean of the two in the middle,
// and 0 without values.
[[nodiscard]] double median(std::vector<double> values);
// Returns a figure of each repetition.
[[nodiscard]] std::vector<double> figures(std::span<const RunResult> repetitions,
                                          std::string_view pointer);
// Returns the median of what `between`, as std::minus(), makes of a figure and that of `base` in
// the same repetition.
template <class Between>
[[nodiscard]] double median_between(std::span<const RunResult> repetitions,
                                    std::span<const RunResult> base, std::string_view pointer,
                                    Between between) {
  std::vector<double> values = figures(repetitions, pointer);
  std::ranges::transform(values, figures(base, pointer), values.begin(), between);
  return median(std::move(values));
}

// Returns the lines above the rows of a table.
[[nodiscard]] std::string table_head();
// Returns one line for the repetitions, at least one, of one scenario against one gateway: medians,
// and for the CPU time per record also the minimum.
[[nodiscard]] std::string table_row(std::span<const RunResult> repetitions);
// Returns a line that says by how much latencies exceed those of `base`, compared within each
// repetition; empty unless `base` had no gateway and these had one.
[[nodiscard]] std::string added_latency(std::span<const RunResult> repetitions,
                                        std::span<const RunResult> base);

// Returns the whole document, with program, machine and time. `git`: a revision, or empty.
[[nodiscard]] boost::json::object document(const std::vector<RunResult>& results,
                                           const std::string& git);

}  // namespace gateway::load
