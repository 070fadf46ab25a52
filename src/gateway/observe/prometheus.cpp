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
  MetricFamily& add(const char* name, const char* help, MetricType type) {
    auto& family = all_.emplace_back();
    family.name = std::string("cos_gateway_") + name;
    family.help = help;
    family.type = type;
    return family;
  }
  void counter(const char* name, const char* help, std::uint64_t value) {
    count(add(name, help, MetricType::Counter), value);
  }
  void gauge(const char* name, const char* help, std::uint64_t value) {
    level(add(name, help, MetricType::Gauge), value);
  }
  static void count(MetricFamily& family, std::uint64_t value, Labels labels = {}) {
    auto& metric = family.metric.emplace_back();
    metric.label = std::move(labels);
    metric.counter.value = static_cast<double>(value);
  }
  static void level(MetricFamily& family, std::uint64_t value, Labels labels = {}) {
    auto& metric = family.metric.emplace_back();
    metric.label = std::move(labels);
    metric.gauge.value = static_cast<double>(value);
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
    Families::distribution(
        families.add((name + "_seconds").c_str(), metric.help, MetricType::Histogram),
        metric.values, Histogram::bound, static_cast<double>(metric.sum_ns) / 1e9);
    return;
  }
  const bool counts = metric.kind == Metric::Kind::counter;
  auto& family = families.add((counts ? name + "_total" : name).c_str(), metric.help,
                              counts ? MetricType::Counter : MetricType::Gauge);
  const auto add = [&](std::span<const std::uint64_t> values, const Labels& more) {
    for (std::size_t i = 0; i < values.size(); ++i) {
      Labels labels = more;
      if (metric.label != nullptr) labels.push_back({metric.label, metric.value_of(i)});
      (counts ? Families::count : Families::level)(family, values[i], std::move(labels));
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
    Families::count(family, target.delivered, {{"target", target.url}});
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
    Families::count(posts, count, {{"code", std::to_string(code)}});
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
      Families::level(family, found == by_state.end() ? 0 : found->second,
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
      Families::count(events, figures.outcomes[i],
                      {{"bucket", name}, {"outcome", label(static_cast<BucketOutcome>(i))}});
    }
    Families::level(last, figures.last_arrival / 1000, {{"bucket", name}});
  }
}

void add_store(Families& families, const std::string& name,
               const std::optional<egress::StoreStatus>& store) {
  if (!store) return;
  families.gauge((name + "_events").c_str(), "Events in the store.", store->backlog_rows);
  families.gauge((name + "_bytes").c_str(), "Bytes of the events in the store.",
                 store->backlog_bytes);
  families.gauge((name + "_unclaimed_events").c_str(),
                 "Events that were there at the start for targets that are not configured.",
                 store->unclaimed);
  families.counter((name + "_refused_total").c_str(), "Events the store did not take.",
                   store->refused);
  families.counter((name + "_commits_total").c_str(), "Writes that put events on the device.",
                   store->commits);
  families.counter((name + "_damaged_events_total").c_str(), "Events that cannot be read any more.",
                   store->damaged_rows);
  families.counter((name + "_damaged_files_total").c_str(),
                   "Files of the store that cannot be read and are left alone.",
                   store->unreadable_files);
  families.counter((name + "_vanished_events_total").c_str(),
                   "Events whose files somebody removed, moved or cut.", store->vanished);
  auto& states = families.add((name + "_state").c_str(), "1 for the state the store is in.",
                              MetricType::Gauge);
  using State = egress::StoreState;
  for (const auto state : {State::ok, State::full, State::failing}) {
    Families::level(states, state == store->state ? 1 : 0,
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
    Families::count(reloads, there ? source->reloads : 0, section);
    Families::count(failures, there ? source->failures : 0, section);
    if (!there) continue;
    if (const auto expires = source->expires) {
      Families::level(expiry, static_cast<std::uint64_t>(expires->time_since_epoch().count()),
                      {{"file", source->certificate}});
    }
  }
}

}  // namespace

std::string prometheus_text(const Snapshot& snapshot, std::string_view provisioning,
                            std::span<const BucketState> buckets, const StoreStatuses& stores,
                            std::span<const tls::SourceStatus> tls) {
  Families families;
  add_posts(families, snapshot);
  for (const Metric& metric : metrics_of(snapshot)) add_metric(families, metric, snapshot.targets);
  add_deliveries(families, snapshot.targets);
  families.gauge("events_in_flight", "Events received and neither delivered nor given up.",
                 snapshot.in_flight());
  add_lags(families, snapshot);
  add_buckets(families, snapshot.buckets);
  add_bucket_states(families, snapshot.buckets, buckets);
  add_store(families, "spool", stores.spool);
  add_store(families, "dead_letter", stores.dead_letters);
  add_tls(families, tls);
  auto& states =
      families.add("provisioning_state", "1 for the state provisioning is in.", MetricType::Gauge);
  for (const auto state : provisioning_states()) {
    Families::level(states, state == provisioning ? 1 : 0, {{"state", std::string(state)}});
  }
  Families::level(families.add("build_info", "1, labelled with the version.", MetricType::Gauge), 1,
                  {{"version", kVersion}});
  return std::move(families).text();
}

std::string limits_text(const Limits& limits) {
  const auto gauge = [](std::string_view name, std::string_view help, std::uint64_t value) {
    return fmt::format(
        "# HELP cos_gateway_{0} {1}\n# TYPE cos_gateway_{0} gauge\ncos_gateway_{0} {2}\n", name,
        help, value);
  };
  return gauge("limit_connections", "gateway.max_connections.", limits.connections) +
         gauge("limit_in_flight_bytes", "gateway.max_in_flight.", limits.in_flight_bytes) +
         gauge("limit_spool_bytes", "spool.max_bytes; 0 without a spool.", limits.spool_bytes);
}

}  // namespace gateway::observe
