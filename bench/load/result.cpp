#include "load/result.hpp"

#include <sys/utsname.h>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <chrono>
#include <cmath>
#include <fstream>
#include <string>
#include <thread>

#include "events/rfc3339.hpp"
#include "gateway/version.hpp"

namespace gateway::load {
namespace {

namespace json = boost::json;

struct Machine {
  std::string cpu;
  unsigned cores = 1;
  std::string kernel;
};

Machine this_machine() {
  Machine machine;
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    const std::size_t colon = line.find(": ");
    if (!line.starts_with("model name") || colon == std::string::npos) continue;
    machine.cpu = line.substr(colon + 2);
    break;
  }
  machine.cores = std::thread::hardware_concurrency();
  utsname name{};
  if (::uname(&name) == 0) machine.kernel = name.release;
  if (machine.cpu.empty()) machine.cpu = name.machine;
  return machine;
}

// Returns the time of the wall clock as RFC 3339, in UTC.
std::string now_text() {
  std::string text(events::kRfc3339Size, '\0');
  events::write_rfc3339(
      std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now()), text.data());
  return text;
}

double microseconds(test::Histogram::Duration duration) {
  return std::chrono::duration<double, std::micro>(duration).count();
}

// Rounds a figure to four significant places; more digits are noise to readers of the file.
double rounded(double value) {
  return std::round(value * 1e4) / 1e4;
}

double over(double value, std::uint64_t count) {
  return count == 0 ? 0 : rounded(value / static_cast<double>(count));
}

json::object gateway_json(const RunGateway& gateway) {
  json::object object{{"kind", gateway.kind}, {"command", gateway.command}};
  if (gateway.threads) object["threads"] = *gateway.threads;
  if (!gateway.pipeline.empty()) object["pipeline"] = gateway.pipeline;
  object["pinned"] = gateway.pinned;
  return object;
}

json::object load_json(const RunLoad& load) {
  json::object object{{"loop", load.open ? "open" : "closed"},
                      {"connections", load.connections},
                      {"depth", load.depth}};
  if (load.rate) {
    object["rate"] = rounded(*load.rate);
    object["arrivals"] = load.arrivals;
  }
  object["records_per_post"] = load.records_per_post;
  object["body_bytes"] = std::round(load.body_bytes);
  object["new_connection_per_post"] = load.new_connection_per_post;
  object["tls"] = load.tls;
  object["signed"] = load.is_signed;
  object["duration_s"] = load.duration_s;
  object["warmup_s"] = load.warmup_s;
  object["seed"] = load.seed;
  return object;
}

void add_latencies(json::object& object, const test::Histogram& latencies) {
  object["latency_us"] = {{"p50", microseconds(latencies.quantile(0.5))},
                          {"p90", microseconds(latencies.quantile(0.9))},
                          {"p99", microseconds(latencies.quantile(0.99))},
                          {"p999", microseconds(latencies.quantile(0.999))},
                          {"max", microseconds(latencies.max())},
                          {"mean", microseconds(latencies.mean())}};
  json::array buckets;
  for (const test::Histogram::Bucket& bucket : latencies.buckets()) {
    buckets.push_back(json::array{microseconds(bucket.upper), bucket.count});
  }
  object["histogram"] = std::move(buckets);
}

void add_usage(json::object& object, const RunResult& result) {
  const RunUsage& usage = *result.usage;
  const double total = usage.user_us + usage.system_us;
  object["cpu"] = {{"user_us_per_post", over(usage.user_us, result.posts)},
                   {"system_us_per_post", over(usage.system_us, result.posts)},
                   {"us_per_post", over(total, result.posts)},
                   {"user_us_per_record", over(usage.user_us, result.records)},
                   {"system_us_per_record", over(usage.system_us, result.records)},
                   {"us_per_record", over(total, result.records)},
                   {"waited_us_per_post", over(usage.waited_us, result.posts)},
                   {"cores", usage.window_us > 0 ? rounded(total / usage.window_us) : 0}};
  const auto switches = static_cast<double>(usage.voluntary + usage.involuntary);
  object["context_switches"] = {{"voluntary", usage.voluntary},
                                {"involuntary", usage.involuntary},
                                {"per_post", over(switches, result.posts)}};
  object["resident_bytes"] = {{"idle", usage.idle_bytes}, {"peak", usage.peak_bytes}};
}

}  // namespace

double RunResult::us_per_post() const noexcept {
  if (!usage || posts == 0) return 0;
  return (usage->user_us + usage->system_us) / static_cast<double>(posts);
}

double RunResult::us_per_record() const noexcept {
  if (!usage || records == 0) return 0;
  return (usage->user_us + usage->system_us) / static_cast<double>(records);
}

json::object to_json(const RunResult& result) {
  json::object figures{{"posts", result.posts}, {"records", result.records}};
  json::object errors;
  for (const auto& [code, count] : result.errors) errors[code] = count;
  figures["errors"] = std::move(errors);
  figures["posts_per_s"] = rounded(result.posts_per_s);
  figures["records_per_s"] = rounded(result.records_per_s);
  figures["mb_per_s"] = rounded(result.mb_per_s);
  add_latencies(figures, result.latencies);
  if (result.usage) add_usage(figures, result);
  figures["generator_cores"] = rounded(result.generator_cores);
  figures["generator_waited"] = rounded(result.generator_waited);
  figures["acknowledged"] = result.acknowledged;
  if (result.arrived) figures["arrived"] = *result.arrived;
  if (result.missing) figures["missing"] = *result.missing;

  json::object run{{"name", result.name}};
  if (!result.command.empty()) run["command"] = result.command;
  run["repetition"] = result.repetition;
  run["gateway"] = gateway_json(result.gateway);
  run["load"] = load_json(result.load);
  run["sink"] = {{"latency_us", result.sink_latency_us}, {"fail_share", result.sink_fail_share}};
  run["result"] = std::move(figures);
  return run;
}

json::object document(const std::vector<RunResult>& results, const std::string& git) {
  const Machine machine = this_machine();
  json::object program{{"version", kVersion}};
  if (!git.empty()) program["git"] = git;
  json::array runs;
  for (const RunResult& result : results) runs.emplace_back(to_json(result));
  return {{"schema", 1},
          {"program", std::move(program)},
          {"machine", {{"cpu", machine.cpu}, {"cores", machine.cores}, {"kernel", machine.kernel}}},
          {"at", now_text()},
          {"runs", std::move(runs)}};
}

}  // namespace gateway::load
