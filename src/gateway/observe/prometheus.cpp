#include "gateway/observe/prometheus.hpp"

#include <fmt/format.h>
#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <deque>
#include <iterator>
#include <limits>
#include <map>
#include <utility>
#include <vector>

#include "cloud/provisioning_status.hpp"
#include "gateway/version.hpp"

namespace gateway::observe {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;
using Labels = std::vector<ClientMetric::Label>;

class Families {
 public:
  // What is measured of any process has the name that all exporters use.
  MetricFamily& add(std::string_view name, const char* help, MetricType type) {
    auto& family = all_.emplace_back();
    family.name = fmt::format("{}{}", name.starts_with("process_") ? "" : "cos_gateway_", name);
    family.help = help;
    family.type = type;
    return family;
  }
  template <class Number>
  void counter(std::string_view name, const char* help, Number value) {
    sample(add(name, help, MetricType::Counter), value);
  }
  template <class Number>
  void gauge(std::string_view name, const char* help, Number value) {
    sample(add(name, help, MetricType::Gauge), value);
  }
  // Of a counter or a gauge.
  template <class Number>
  static void sample(MetricFamily& family, Number value, Labels labels = {}) {
    auto& metric = family.metric.emplace_back();
    metric.label = std::move(labels);
    (family.type == MetricType::Counter ? metric.counter.value : metric.gauge.value) =
        static_cast<double>(value);
  }
  // `bound` gives the upper bound of a bucket in seconds; the last one has none.
  template <class Bound>
  static void distribution(MetricFamily& family, std::span<const std::uint64_t> counts, Bound bound,
                           double sum, Labels labels = {}) {
    auto& metric = family.metric.emplace_back();
    metric.label = std::move(labels);
    std::uint64_t total = 0;
    for (std::size_t i = 0; i < counts.size(); ++i) {
      total += counts[i];
      ClientMetric::Bucket bucket;
      bucket.cumulative_count = total;
      bucket.upper_bound =
          i + 1 == counts.size() ? std::numeric_limits<double>::infinity() : bound(i);
      metric.histogram.bucket.push_back(bucket);
    }
    metric.histogram.sample_count = total;
    metric.histogram.sample_sum = sum;
  }
  [[nodiscard]] std::string text() && {
    return prometheus::TextSerializer().Serialize(
        {std::make_move_iterator(all_.begin()), std::make_move_iterator(all_.end())});
  }

 private:
  std::deque<MetricFamily> all_;  // add() hands out references that stay
};

// One family of the table, by target where that is known.
void add_metric(Families& families, const Metric& metric, std::span<const TargetTotals> targets) {
  const std::string name = metric.name;
  if (metric.kind == Metric::Kind::histogram) {
    Families::distribution(families.add(name + "_seconds", metric.help, MetricType::Histogram),
                           metric.values, Histogram::bound,
                           static_cast<double>(metric.sum_ns) / 1e9);
    return;
  }
  const bool counts = metric.kind == Metric::Kind::counter;
  auto& family = families.add(counts ? name + "_total" : name, metric.help,
                              counts ? MetricType::Counter : MetricType::Gauge);
  const auto add = [&](std::span<const std::uint64_t> values, const Labels& more) {
    for (std::size_t i = 0; i < values.size(); ++i) {
      Labels labels = more;
      if (metric.label != nullptr) labels.push_back({metric.label, metric.value_of(i)});
      Families::sample(family, values[i], std::move(labels));
    }
  };
  if (targets.empty() || targets.front().values_of(metric.name).empty()) {
    add(metric.values, {});
    return;
  }
  for (const TargetTotals& target : targets) {
    add(target.values_of(metric.name), {{"target", target.url}});
  }
}

void add_deliveries(Families& families, std::span<const TargetTotals> targets) {
  if (targets.empty()) return;
  auto& family = families.add("target_events_delivered_total",
                              "Events a target acknowledged, those of the spool included.",
                              MetricType::Counter);
  for (const TargetTotals& target : targets) {
    Families::sample(family, target.delivered, {{"target", target.url}});
  }
}

// Statuses that posts are answered with: their series are there from the start.
constexpr unsigned kStatuses[] = {200, 400, 401, 404, 405, 408, 413, 414,
                                  415, 417, 422, 431, 501, 502, 503, 504};

void add_posts(Families& families, const Snapshot& snapshot) {
  auto& posts = families.add("posts_total", "Posts answered, by status.", MetricType::Counter);
  auto by_code = snapshot.posts;
  for (const unsigned status : kStatuses) by_code.try_emplace(status, 0);
  for (const auto& [code, count] : by_code) {
    Families::sample(posts, count, {{"code", std::to_string(code)}});
  }
}

void add_lags(Families& families, const Snapshot& snapshot) {
  auto& family = families.add(
      "event_lag_seconds",
      "Age of events (now - eventTime) when the eventbus acknowledges them; of a sample of at most "
      "5 events a second and thread.",
      MetricType::Histogram);
  const auto bound = [](std::size_t i) { return static_cast<double>(LagHistogram::kBounds[i]); };
  for (std::size_t kind = 0; kind < snapshot.event_lag.size(); ++kind) {
    Families::distribution(family, snapshot.event_lag[kind], bound,
                           static_cast<double>(snapshot.event_lag_ms[kind]) / 1e3,
                           {{"type", label(static_cast<EventKind>(kind))}});
  }
}

std::vector<std::string_view> provisioning_states() {
  using State = cloud::ProvisioningState;
  std::vector<std::string_view> states{kProvisioningDisabled};
  for (const auto state : {State::working, State::retrying, State::ready, State::failed,
                           State::superseded, State::removing, State::removed}) {
    states.push_back(label(state));
  }
  return states;
}

// One series for each bucket and state, with the number of its entries that are in it.
void add_bucket_states(Families& families, const std::vector<BucketFigures>& buckets,
                       std::span<const BucketState> states) {
  auto& family = families.add("bucket_provisioning_state",
                              "Entries of the bucket by the state their provisioning is in.",
                              MetricType::Gauge);
  std::map<std::string, std::map<std::string_view, std::uint64_t>> entries;
  for (std::size_t i = 0; i < std::min(buckets.size(), states.size()); ++i) {
    const std::string& state = states[i].provisioning;
    auto& of_bucket = entries[buckets[i].bucket];
    ++of_bucket[state.empty() ? label(cloud::ProvisioningState::working) : state];
  }
  for (const auto& [bucket, by_state] : entries) {
    for (const std::string_view state : provisioning_states()) {
      const auto found = by_state.find(state);
      Families::sample(family, found == by_state.end() ? 0 : found->second,
                       {{"bucket", bucket}, {"state", std::string(state)}});
    }
  }
}

// One series for each bucket and outcome: entries of one bucket are counted together.
void add_buckets(Families& families, const std::vector<BucketFigures>& buckets) {
  auto& events = families.add(
      "bucket_events_total", "Records of the buckets of the configuration, by what became of them.",
      MetricType::Counter);
  auto& last = families.add("bucket_last_event_timestamp_seconds",
                            "When the last record of the bucket arrived, Unix time; 0: none has.",
                            MetricType::Gauge);
  std::map<std::string, BucketFigures> by_name;
  for (const BucketFigures& entry : buckets) {
    BucketFigures& sum = by_name[entry.bucket];
    for (std::size_t i = 0; i < sum.outcomes.size(); ++i) sum.outcomes[i] += entry.outcomes[i];
    sum.last_arrival = std::max(sum.last_arrival, entry.last_arrival);
  }
  for (const auto& [name, figures] : by_name) {
    for (std::size_t i = 0; i < figures.outcomes.size(); ++i) {
      Families::sample(events, figures.outcomes[i],
                       {{"bucket", name}, {"outcome", label(static_cast<BucketOutcome>(i))}});
    }
    Families::sample(last, figures.last_arrival / 1000, {{"bucket", name}});
  }
}

void add_store(Families& families, const std::string& name,
               const std::optional<egress::StoreStatus>& store) {
  if (!store) return;
  families.gauge(name + "_events", "Events in the store.", store->backlog_rows);
  families.gauge(name + "_bytes", "Bytes of the events in the store.", store->backlog_bytes);
  families.gauge(name + "_unclaimed_events",
                 "Events that were there at the start for targets that are not configured.",
                 store->unclaimed);
  families.counter(name + "_refused_total", "Events the store did not take.", store->refused);
  families.counter(name + "_commits_total", "Writes that put events on the device.",
                   store->commits);
  families.counter(name + "_damaged_events_total", "Events that cannot be read any more.",
                   store->damaged_rows);
  families.counter(name + "_damaged_files_total",
                   "Files of the store that cannot be read, or of which events are missing.",
                   store->unreadable_files);
  families.counter(name + "_vanished_events_total",
                   "Events whose files somebody removed, moved or cut.", store->vanished);
  auto& states =
      families.add(name + "_state", "1 for the state the store is in.", MetricType::Gauge);
  using State = egress::StoreState;
  for (const auto state : {State::ok, State::full, State::failing}) {
    Families::sample(states, state == store->state ? 1 : 0,
                     {{"state", std::string(egress::name_of(state))}});
  }
}

void add_tls(Families& families, std::span<const tls::SourceStatus> sources) {
  auto& reloads = families.add("tls_reloads_total", "Changed TLS files that were taken into use.",
                               MetricType::Counter);
  auto& failures = families.add("tls_reload_failures_total",
                                "Changed TLS files that could not be used.", MetricType::Counter);
  auto& expiry =
      families.add("tls_certificate_expiry_timestamp_seconds",
                   "Until when the certificate in use is valid, Unix time.", MetricType::Gauge);
  for (const auto side : {tls::Side::server, tls::Side::client}) {
    const auto source = std::ranges::find(sources, side, &tls::SourceStatus::side);
    const bool there = source != sources.end();
    const Labels section{{"section", tls::section_of(side)}};
    Families::sample(reloads, there ? source->reloads : 0, section);
    Families::sample(failures, there ? source->failures : 0, section);
    if (!there) continue;
    if (const auto expires = source->expires) {
      Families::sample(expiry, static_cast<std::uint64_t>(expires->time_since_epoch().count()),
                       {{"file", source->certificate}});
    }
  }
}

void add_process(Families& families, const ProcessState& state) {
  const ProcessUsage& usage = state.usage;
  families.counter("process_cpu_seconds_total", "User and system CPU time used.",
                   usage.cpu_seconds);
  families.gauge("process_open_fds", "Open file descriptors.", usage.open_fds);
  families.gauge("process_max_fds", "Most open file descriptors there may be.", usage.max_fds);
  families.gauge("process_resident_memory_bytes", "Resident memory.", usage.resident_bytes);
  families.gauge("process_start_time_seconds", "When the process was started, Unix time.",
                 usage.started);
  families.counter(
      "part_failures_total",
      "How often parts of the process (loops, listeners, connections to the eventbus, threads of "
      "stores) have ended by an exception and were started again.",
      state.part_failures);
}

}  // namespace

std::string prometheus_text(const ProcessState& state, const Snapshot& snapshot) {
  Families families;
  add_posts(families, snapshot);
  for (const Metric& metric : metrics_of(snapshot)) add_metric(families, metric, snapshot.targets);
  add_deliveries(families, snapshot.targets);
  families.gauge("events_in_flight", "Events received and neither delivered nor given up.",
                 snapshot.in_flight());
  add_lags(families, snapshot);
  add_buckets(families, snapshot.buckets);
  add_bucket_states(families, snapshot.buckets, state.buckets);
  add_store(families, "spool", state.stores.spool);
  add_store(families, "dead_letter", state.stores.dead_letters);
  add_tls(families, state.tls);
  auto& states =
      families.add("provisioning_state", "1 for the state provisioning is in.", MetricType::Gauge);
  for (const auto name : provisioning_states()) {
    Families::sample(states, name == state.provisioning ? 1 : 0, {{"state", std::string(name)}});
  }
  Families::sample(families.add("build_info", "1, labelled with the version.", MetricType::Gauge),
                   1, {{"version", kVersion}});
  families.gauge("limit_connections", "gateway.max_connections.", state.limits.connections);
  families.gauge("limit_in_flight_bytes", "gateway.max_in_flight.", state.limits.in_flight_bytes);
  families.gauge("limit_spool_bytes", "spool.max_bytes; 0 without a spool.",
                 state.limits.spool_bytes);
  add_process(families, state);
  return std::move(families).text();
}

}  // namespace gateway::observe
