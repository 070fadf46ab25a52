#include "gateway/observe/prometheus.hpp"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <deque>
#include <iterator>
#include <limits>
#include <utility>
#include <vector>

#include "cloud/provisioner.hpp"
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
  void histogram(const char* name, const char* help,
                 const std::array<std::uint64_t, Histogram::kBuckets>& counts,
                 std::uint64_t sum_ns) {
    distribution(add(name, help, MetricType::Histogram), counts, Histogram::bound,
                 static_cast<double>(sum_ns) / 1e9);
  }
  // `bound` gives the upper bound of a bucket in seconds; the last one has none.
  template <std::size_t N, class Bound>
  static void distribution(MetricFamily& family, const std::array<std::uint64_t, N>& counts,
                           Bound bound, double sum, Labels labels = {}) {
    auto& metric = family.metric.emplace_back();
    metric.label = std::move(labels);
    std::uint64_t total = 0;
    for (std::size_t i = 0; i < N; ++i) {
      total += counts[i];
      ClientMetric::Bucket bucket;
      bucket.cumulative_count = total;
      bucket.upper_bound = i + 1 == N ? std::numeric_limits<double>::infinity() : bound(i);
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

template <class Enum, std::size_t N>
void add_labelled(MetricFamily& family, const char* name,
                  const std::array<std::uint64_t, N>& values,
                  void (*add)(MetricFamily&, std::uint64_t, Labels)) {
  for (std::size_t i = 0; i < N; ++i) {
    add(family, values[i], {{name, label(static_cast<Enum>(i))}});
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
  families.histogram("loop_lag_seconds", "How late the ticks of the event loops are.",
                     snapshot.loop_lag, snapshot.loop_lag_ns);
  families.counter("tap_events_total", "Events told to those who watch the live view.",
                   snapshot.tap_events);
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

void add_store(Families& families, const std::string& name,
               const std::optional<egress::StoreStatus>& store) {
  if (!store) return;
  families.gauge((name + "_events").c_str(), "Events in the store.", store->backlog_rows);
  families.gauge((name + "_bytes").c_str(), "Bytes of the events in the store.",
                 store->backlog_bytes);
  families.counter((name + "_refused_total").c_str(), "Events the store did not take.",
                   store->refused);
  families.counter((name + "_commits_total").c_str(), "Writes that put events on the device.",
                   store->commits);
  families.counter((name + "_damaged_events_total").c_str(), "Events that cannot be read any more.",
                   store->damaged_rows);
  families.counter((name + "_damaged_files_total").c_str(), "Files of the store that cannot be read and are left alone.",
                   store->unreadable_files);
  families.counter((name + "_vanished_events_total").c_str(),
                   "Events whose files somebody removed, moved or cut.", store->vanished);
  auto& states = families.add((name + "_state").c_str(), "1 for the state the store is in.",
                              MetricType::Gauge);
  using State = egress::StoreState;
  for (const auto state : {State::ok, State::full, State::failing, State::damaged}) {
    Families::level(states, state == store->state ? 1 : 0,
                    {{"state", std::string(egress::name_of(state))}});
  }
}

void add_tls(Families& families, const Snapshot& snapshot,
             std::span<const tls::SourceStatus> sources) {
  families.counter("tls_handshakes_total", "TLS handshakes of clients that were completed.",
                   snapshot.tls_handshakes);
  families.counter("tls_resumptions_total", "Of those, the ones that resumed a session.",
                   snapshot.tls_resumptions);
  add_labelled<TlsFailure>(
      families.add("tls_failures_total", "TLS connections of clients that failed, by reason.",
                   MetricType::Counter),
      "reason", snapshot.tls_failures, Families::count);
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
    if (!there || !source->expires) continue;
    Families::level(expiry, static_cast<std::uint64_t>(source->expires->time_since_epoch().count()),
                    {{"file", source->certificate}});
  }
}

}  // namespace

std::string prometheus_text(const Snapshot& snapshot, std::string_view provisioning,
                            const StoreStatuses& stores, std::span<const tls::SourceStatus> tls) {
  Families families;
  auto& posts = families.add("posts_total", "Posts answered, by status.", MetricType::Counter);
  auto by_code = snapshot.posts;
  by_code.try_emplace(200, 0);
  for (const auto& [code, count] : by_code) {
    Families::count(posts, count, {{"code", std::to_string(code)}});
  }
  families.counter("posts_abandoned_total", "Posts whose client was gone before the answer.",
                   snapshot.posts_abandoned);
  add_labelled<AuthFailure>(families.add("posts_unauthorized_total",
                                         "Posts answered 401, by reason.", MetricType::Counter),
                            "reason", snapshot.unauthorized, Families::count);
  families.counter("records_received_total", "Records and CloudEvents taken in.",
                   snapshot.received);
  families.counter("events_delivered_total", "Events the eventbus acknowledged.",
                   snapshot.delivered);
  add_labelled<RetryReason>(
      families.add("events_retried_total", "Attempts made again, by reason.", MetricType::Counter),
      "reason", snapshot.retried, Families::count);
  add_labelled<FailReason>(
      families.add("events_failed_total", "Events given up, by reason.", MetricType::Counter),
      "reason", snapshot.failed, Families::count);
  families.counter("events_dead_lettered_total", "Events kept as dead letters.",
                   snapshot.dead_lettered);
  families.counter("events_spooled_total", "Events kept in the spool.", snapshot.spooled);
  families.counter("events_replayed_total", "Events of the spool delivered later.",
                   snapshot.replayed);
  families.counter("events_expired_total",
                   "Events of the spool older than spool.max_age that the eventbus kept failing.",
                   snapshot.expired);
  families.gauge("unaccounted_records", "Records nobody knows the end of: a bug, unless 0.",
                 snapshot.unaccounted);
  add_store(families, "spool", stores.spool);
  add_store(families, "dead_letter", stores.dead_letters);
  families.gauge("events_in_flight", "Events received and neither delivered nor given up.",
                 snapshot.in_flight());
  families.gauge("queue_events", "Events that wait for a connection.", snapshot.queue_events);
  families.gauge("queue_bytes", "Bytes of the events in flight.", snapshot.queue_bytes);
  families.gauge("connections", "Client connections.", snapshot.connections);
  add_labelled<ConnectionLimit>(
      families.add("connections_refused_total", "Client connections beyond a limit, by limit.",
                   MetricType::Counter),
      "limit", snapshot.refused, Families::count);
  families.counter("connections_shed_total", "Idle client connections closed to make room.",
                   snapshot.connections_shed);
  families.counter("proxy_headers_refused_total",
                   "Connections closed for want of a good PROXY header (gateway.proxy_protocol).",
                   snapshot.proxy_headers_refused);
  families.counter("accept_pauses_total",
                   "Times no connection could be accepted for want of descriptors or memory.",
                   snapshot.accept_pauses);
  families.gauge("in_flight_bytes", "Bytes of posts not yet answered.", snapshot.in_flight_bytes);
  families.histogram("post_duration_seconds", "From a complete post to its answer.",
                     snapshot.post_duration, snapshot.post_duration_ns);
  families.histogram("delivery_duration_seconds", "From sending an event to its acknowledgement.",
                     snapshot.delivery_duration, snapshot.delivery_duration_ns);
  add_lags(families, snapshot);
  add_labelled<LinkState>(families.add("eventbus_connections",
                                       "Connections to the eventbus, by state.", MetricType::Gauge),
                          "state", snapshot.links, Families::level);
  add_labelled<EndpointState>(
      families.add("eventbus_state", "Threads by what they think of the eventbus.",
                   MetricType::Gauge),
      "state", snapshot.eventbus, Families::level);
  families.gauge("eventbus_pipeline_depth",
                 "Requests that may be in flight on all eventbus connections together.",
                 snapshot.pipeline_depth);
  add_tls(families, snapshot, tls);
  auto& states =
      families.add("provisioning_state", "1 for the state provisioning is in.", MetricType::Gauge);
  for (const auto state : provisioning_states()) {
    Families::level(states, state == provisioning ? 1 : 0, {{"state", std::string(state)}});
  }
  Families::level(families.add("build_info", "1, labelled with the version.", MetricType::Gauge), 1,
                  {{"version", kVersion}});
  return std::move(families).text();
}

}  // namespace gateway::observe
