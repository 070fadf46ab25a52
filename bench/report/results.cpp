#include "report/results.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <cstdlib>
#include <iterator>
#include <map>

#include "report/figures.hpp"

namespace gateway::report {
namespace {

namespace json = boost::json;

// Walks down the members named; null where one is missing.
template <class... Names>
const json::value* at(const json::value* value, std::string_view name, Names... more) {
  const json::object* object = value == nullptr ? nullptr : value->if_object();
  const json::value* member = object == nullptr ? nullptr : object->if_contains(name);
  if constexpr (sizeof...(more) == 0) {
    return member;
  } else {
    return at(member, more...);
  }
}

template <class... Names>
double number(const json::value* value, Names... names) {
  const json::value* found = at(value, names...);
  if (found == nullptr) return 0;
  if (const auto* as_double = found->if_double()) return *as_double;
  if (const auto* as_int = found->if_int64()) return static_cast<double>(*as_int);
  if (const auto* as_unsigned = found->if_uint64()) return static_cast<double>(*as_unsigned);
  return 0;
}

template <class... Names>
std::string text(const json::value* value, Names... names) {
  const json::value* found = at(value, names...);
  const json::string* string = found == nullptr ? nullptr : found->if_string();
  return string == nullptr ? std::string() : std::string(*string);
}

template <class... Names>
bool flag(const json::value* value, Names... names) {
  const json::value* found = at(value, names...);
  return found != nullptr && found->is_bool() && found->get_bool();
}

template <class... Names>
const json::array& list(const json::value* value, Names... names) {
  static const json::array kNone;
  const json::value* found = at(value, names...);
  const json::array* array = found == nullptr ? nullptr : found->if_array();
  return array == nullptr ? kNone : *array;
}

Load read_load(const json::value& run) {
  Load load;
  const json::value* of = at(&run, "load");
  load.loop = text(of, "loop");
  load.connections = number(of, "connections");
  load.depth = std::max(1.0, number(of, "depth"));
  load.rate = number(of, "rate");
  load.records = text(of, "records_per_post");
  char* end = nullptr;
  load.records_per_post = std::strtod(load.records.c_str(), &end);
  if (load.records.empty()) {
    load.records_per_post = number(of, "records_per_post");
    load.records = fmt::format("{}", load.records_per_post);
  } else if (*end != '\0') {
    const double posts = number(&run, "result", "posts");
    load.records_per_post = posts == 0 ? 0 : number(&run, "result", "records") / posts;
  }
  load.new_connection_per_post = flag(of, "new_connection_per_post");
  load.tls = flag(of, "tls");
  load.is_signed = flag(of, "signed");
  load.sink_latency_us = number(&run, "sink", "latency_us");
  load.sink_fail_share = number(&run, "sink", "fail_share");
  return load;
}

std::string gateway_label(const json::value& run) {
  std::string label = text(&run, "gateway", "kind");
  const double threads = number(&run, "gateway", "threads");
  if (threads > 1) label += fmt::format(", {} threads", threads);
  const std::string pipeline = text(&run, "gateway", "pipeline");
  if (!pipeline.empty()) label += ", pipeline " + pipeline;
  return label;
}

Run read_run(const json::value& json) {
  const json::value* result = at(&json, "result");
  Run run;
  Measures& m = run.measures;
  m.posts = number(result, "posts");
  m.records = number(result, "records");
  if (const json::value* errors = at(result, "errors"); errors != nullptr && errors->is_object()) {
    for (const auto& [code, count] : errors->get_object()) m.errors += number(errors, code);
  }
  m.posts_per_s = number(result, "posts_per_s");
  m.records_per_s = number(result, "records_per_s");
  m.mb_per_s = number(result, "mb_per_s");
  m.p50 = number(result, "latency_us", "p50");
  m.p90 = number(result, "latency_us", "p90");
  m.p99 = number(result, "latency_us", "p99");
  m.p999 = number(result, "latency_us", "p999");
  m.max = number(result, "latency_us", "max");
  m.us_per_post = number(result, "cpu", "us_per_post");
  m.waited_us_per_post = number(result, "cpu", "waited_us_per_post");
  m.us_per_record = number(result, "cpu", "us_per_record");
  m.user_us_per_record = number(result, "cpu", "user_us_per_record");
  m.system_us_per_record = number(result, "cpu", "system_us_per_record");
  m.switches_per_post = number(result, "context_switches", "per_post");
  m.resident_idle = number(result, "resident_bytes", "idle");
  m.resident_peak = number(result, "resident_bytes", "peak");
  m.missing = number(result, "missing");
  for (const json::value& bucket : list(result, "histogram")) {
    const json::array* pair = bucket.if_array();
    if (pair == nullptr || pair->size() != 2) continue;
    const json::object wrapped{{"upper", (*pair)[0]}, {"count", (*pair)[1]}};
    const json::value both(wrapped);
    run.histogram.emplace_back(number(&both, "upper"), number(&both, "count"));
  }
  run.repetition = number(&json, "repetition");
  if (run.repetition == 0) run.repetition = number(result, "repetition");
  return run;
}

void add_run(std::vector<Group>& groups, const json::value& json) {
  const Load load = read_load(json);
  const std::string name = text(&json, "name");
  auto group = std::ranges::find_if(groups, [&](const Group& each) {
    return each.name == name && each.load.rate == load.rate && each.load.like(load);
  });
  if (group == groups.end()) group = groups.insert(groups.end(), Group{name, load, {}});
  const std::string gateway = gateway_label(json);
  auto cell = std::ranges::find(group->cells, gateway, &Cell::gateway);
  if (cell == group->cells.end()) {
    cell = group->cells.insert(cell, Cell{gateway, text(&json, "gateway", "command"), {}});
  }
  cell->runs.push_back(read_run(json));
}

// Those that are there already are not added again.
void add_command(std::vector<std::string>& commands, std::string command) {
  if (!command.empty() && std::ranges::find(commands, command) == commands.end()) {
    commands.push_back(std::move(command));
  }
}

int rank(std::string_view gateway) {
  if (gateway.starts_with(kProduct)) return 0;
  return gateway.starts_with(kFloor) ? 1 : 2;
}

// `see(value, value of base)` for each repetition that both have.
template <class See>
void for_each_pair(const Cell& cell, const Cell& base, double Measures::* measure, See see) {
  for (const Run& run : cell.runs) {
    const auto same = std::ranges::find(base.runs, run.repetition, &Run::repetition);
    if (same != base.runs.end()) see(run.measures.*measure, same->measures.*measure);
  }
}

}  // namespace

std::string Load::text() const {
  std::string out = fmt::format("{} connection{}, {} record{} a post", connections,
                                connections == 1 ? "" : "s", records, records == "1" ? "" : "s");
  if (depth > 1) out += fmt::format(", {} outstanding on each", depth);
  if (new_connection_per_post) out += ", a new connection each";
  if (tls) out += ", TLS";
  if (is_signed) out += ", signed";
  if (sink_latency_us != 0) out += fmt::format(", eventbus takes {}", duration(sink_latency_us));
  if (sink_fail_share != 0) out += fmt::format(", {} % fail", figure(100 * sink_fail_share));
  return out;
}

double median(std::vector<double> values) {
  if (values.empty()) return 0;
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::ranges::nth_element(values, middle);
  if (values.size() % 2 == 1) return *middle;
  return (*middle + *std::max_element(values.begin(), middle)) / 2;
}

double Cell::median(double Measures::* measure) const {
  std::vector<double> values;
  for (const Run& run : runs) values.push_back(run.measures.*measure);
  return report::median(std::move(values));
}

double Cell::least(double Measures::* measure) const {
  double value = runs.empty() ? 0 : runs.front().measures.*measure;
  for (const Run& run : runs) value = std::min(value, run.measures.*measure);
  return value;
}

double Cell::most(double Measures::* measure) const {
  double value = 0;
  for (const Run& run : runs) value = std::max(value, run.measures.*measure);
  return value;
}

double Cell::spread(double Measures::* measure) const {
  const double middle = median(measure);
  return middle == 0 ? 0 : (most(measure) - least(measure)) / middle;
}

std::vector<std::pair<double, double>> Cell::histogram() const {
  std::map<double, double> sum;
  for (const Run& run : runs) {
    for (const auto& [upper, count] : run.histogram) sum[upper] += count;
  }
  return {sum.begin(), sum.end()};
}

const Cell* Group::of(std::string_view gateway) const noexcept {
  const auto found = std::ranges::find(cells, gateway, &Cell::gateway);
  return found == cells.end() ? nullptr : &*found;
}

Results read_results(const json::value& json) {
  Results results;
  results.version = text(&json, "program", "version");
  results.cpu = text(&json, "machine", "cpu");
  results.cores = number(&json, "machine", "cores");
  results.kernel = text(&json, "machine", "kernel");
  results.at = text(&json, "at");
  for (const json::value& command : list(&json, "commands")) {
    if (command.is_string()) add_command(results.commands, std::string(command.get_string()));
  }
  for (const json::value& run : list(&json, "runs")) {
    add_run(results.groups, run);
    add_command(results.commands, text(&run, "command"));
  }
  for (Group& group : results.groups) {
    std::ranges::sort(group.cells, {},
                      [](const Cell& c) { return std::pair(rank(c.gateway), c.gateway); });
  }
  results.simdjson = text(&json, "micro", "simdjson");
  for (const json::value& subject : list(&json, "micro", "subjects")) {
    results.micro.push_back({text(&subject, "name"), number(&subject, "items"),
                             number(&subject, "instructions"), number(&subject, "nanoseconds")});
  }
  for (const json::value& count : list(&json, "instructions")) {
    results.instructions.push_back({text(&count, "gateway"), number(&count, "records_per_post"),
                                    number(&count, "connections"), number(&count, "per_post")});
  }
  return results;
}

std::vector<std::string> gateways(const Results& results) {
  std::vector<std::string> names;
  for (const Group& group : results.groups) {
    for (const Cell& cell : group.cells) names.push_back(cell.gateway);
  }
  std::ranges::sort(names, {}, [](const std::string& n) { return std::pair(rank(n), n); });
  const auto rest = std::ranges::unique(names);
  names.erase(rest.begin(), rest.end());
  return names;
}

double ratio(const Cell& cell, const Cell& base, double Measures::* measure) {
  std::vector<double> ratios;
  for_each_pair(cell, base, measure, [&](double value, double other) {
    if (other != 0) ratios.push_back(value / other);
  });
  return median(std::move(ratios));
}

double difference(const Cell& cell, const Cell& base, double Measures::* measure) {
  std::vector<double> differences;
  for_each_pair(cell, base, measure,
                [&](double value, double other) { differences.push_back(value - other); });
  return median(std::move(differences));
}

}  // namespace gateway::report
