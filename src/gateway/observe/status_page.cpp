#include "gateway/observe/status_page.hpp"

#include <algorithm>
#include <boost/json.hpp>
#include <ranges>
#include <span>

#include "events/terminal_text.hpp"
#include "gateway/egress/rows/row_text.hpp"
#include "gateway/version.hpp"

namespace gateway::observe {
namespace {

namespace json = boost::json;

template <class Enum, std::size_t N>
json::object by_label(const std::array<std::uint64_t, N>& values) {
  json::object object;
  for (std::size_t i = 0; i < N; ++i) object[label(static_cast<Enum>(i))] = values[i];
  return object;
}

json::object counters(const Snapshot& snapshot) {
  json::object posts;
  for (const auto& [code, count] : snapshot.posts) posts[std::to_string(code)] = count;
  json::object all{{"posts", std::move(posts)}};
  for (const Metric& metric : metrics_of(snapshot)) {
    if (metric.kind != Metric::Kind::counter) continue;
    if (metric.label == nullptr) {
      all[metric.name] = metric.values.front();
      continue;
    }
    json::object values;
    for (std::size_t i = 0; i < metric.values.size(); ++i) {
      values[metric.value_of(i)] = metric.values[i];
    }
    all[metric.name] = std::move(values);
  }
  return all;
}

// Null where there was none.
json::value answer_json(const BusAnswer& answer) {
  if (answer.at == Instant{}) return nullptr;
  return {{"status", answer.status}, {"text", answer.text}};
}

// Returns the latest of what the shards heard from a target.
BusAnswer latest_of(const std::vector<std::optional<ShardStatus>>& shards, std::size_t target) {
  BusAnswer latest;
  for (const auto& shard : shards) {
    if (!shard) continue;
    const BusAnswer& answer = shard->targets[target].last_answer;
    if (latest.at < answer.at) latest = answer;
  }
  return latest;
}

json::value shard_json(const std::optional<ShardStatus>& shard) {
  if (!shard) return {{"error", "no answer from the loop"}};
  json::array connections;
  std::size_t waiting = 0;
  std::size_t bytes = 0;
  for (const TargetStatus& target : shard->targets) {
    waiting += target.waiting;
    bytes += target.queue_bytes;
    for (const auto& connection : target.connections) {
      connections.push_back({{"state", connection.state},
                             {"address", connection.address},
                             {"in_flight", connection.in_flight},
                             {"pipeline_depth", connection.pipeline_depth},
                             {"last_error", connection.last_error}});
    }
  }
  const TargetStatus& first = shard->targets.front();
  return {{"posts_in_flight", shard->posts},
          {"events_in_flight", shard->events},
          {"queue_events", waiting},
          {"queue_bytes", bytes},
          {"eventbus", first.eventbus},
          {"last_answer", answer_json(first.last_answer)},
          {"eventbus_connections", std::move(connections)}};
}

json::array buckets_json(const ProcessState& state, const Snapshot& snapshot) {
  json::array list;
  for (std::size_t i = 0; i < snapshot.buckets.size() && i < state.buckets.size(); ++i) {
    const BucketFigures& figures = snapshot.buckets[i];
    const BucketState& bucket = state.buckets[i];
    json::value last;
    if (figures.last_arrival != 0) {
      last = egress::time_text(WallInstant(std::chrono::milliseconds(figures.last_arrival)));
    }
    list.push_back({{"bucket", figures.bucket},
                    {"host", bucket.host},
                    {"eventbus", bucket.eventbus},
                    {"function", bucket.function},
                    {"state", bucket.provisioning},
                    {"last_error", bucket.error},
                    {"last_event", std::move(last)},
                    {"events", by_label<BucketOutcome>(figures.outcomes)}});
  }
  return list;
}

json::array targets_json(const ProcessState& state, std::span<const TargetTotals> targets) {
  json::array all;
  for (std::size_t i = 0; i < targets.size(); ++i) {
    const TargetTotals& target = targets[i];
    all.push_back({{"target", target.url},
                   {"eventbus", by_label<EndpointState>(target.eventbus)},
                   {"eventbus_connections", by_label<LinkState>(target.links)},
                   {"queue", {{"events", target.queue_events}, {"bytes", target.queue_bytes}}},
                   {"events_delivered", target.delivered},
                   {"last_answer", answer_json(latest_of(state.shards, i))}});
  }
  return all;
}

json::value store_json(const std::optional<egress::StoreStatus>& store) {
  if (!store) return nullptr;
  return {{"state", egress::name_of(store->state)}, {"error", store->error},
          {"events", store->backlog_rows},          {"bytes", store->backlog_bytes},
          {"waiting", store->waiting_events},       {"refused", store->refused},
          {"damaged_events", store->damaged_rows},  {"unreadable_files", store->unreadable_files},
          {"vanished_events", store->vanished},     {"unclaimed_events", store->unclaimed}};
}

// Null where a side does not speak TLS.
json::value tls_json(const std::vector<tls::SourceStatus>& sources, tls::Side side) {
  const auto source = std::ranges::find(sources, side, &tls::SourceStatus::side);
  if (source == sources.end()) return nullptr;
  json::value expires;
  const auto& until = source->expires;
  if (until) expires = until->time_since_epoch().count();
  return {{"certificate", source->certificate},
          {"expires", std::move(expires)},
          {"reloads", source->reloads},
          {"reload_failures", source->failures},
          {"last_error", source->last_error}};
}

// The bounds in seconds; the last count has none. Not cumulative.
json::object histogram_json(const std::array<std::uint64_t, Histogram::kBuckets>& counts) {
  json::array bounds;
  for (std::size_t i = 0; i + 1 < counts.size(); ++i) bounds.emplace_back(Histogram::bound(i));
  return {{"bounds", std::move(bounds)}, {"counts", json::array(counts.begin(), counts.end())}};
}

// Latest first.
json::array failures_json(const std::deque<SettledEvent>& failures) {
  json::array list;
  for (const SettledEvent& failure : std::views::reverse(failures)) {
    list.push_back(json::parse(failure_json(failure)));
  }
  return list;
}

// The events of an entry of `buckets` are its target's, all others the top-level one's.
std::vector<TargetObservation> targets_of(const ProcessState& state, const Snapshot& counters) {
  std::vector<TargetObservation> targets(std::max<std::size_t>(counters.targets.size(), 1));
  for (std::size_t i = 0; i < counters.targets.size(); ++i) {
    targets[i].url = counters.targets[i].url;
    targets[i].down = counters.targets[i].is_down();
  }
  for (std::size_t i = 0; i < targets.size(); ++i) targets[i].last = latest_of(state.shards, i);
  TargetObservation& top = targets.front();
  top.url = state.target;
  top.failed = counters.failed_total();
  top.dead_lettered = counters.dead_lettered;
  top.spooled = counters.spooled;
  for (std::size_t i = 0; i < counters.buckets.size() && i < state.buckets.size(); ++i) {
    if (state.buckets[i].target == 0) continue;
    TargetObservation& target = targets[state.buckets[i].target];
    const auto move = [&](std::uint64_t TargetObservation::* events, BucketOutcome outcome) {
      const std::uint64_t count = counters.buckets[i].outcomes[outcome];
      // The counters are not all read at one moment.
      top.*events -= std::min(top.*events, count);
      target.*events += count;
    };
    move(&TargetObservation::failed, BucketOutcome::failed);
    move(&TargetObservation::dead_lettered, BucketOutcome::dead_lettered);
    move(&TargetObservation::spooled, BucketOutcome::spooled);
  }
  return targets;
}

}  // namespace

Observation observation_of(const ProcessState& state, const Snapshot& counters, Instant now) {
  Observation seen;
  seen.now = now;
  seen.stopping = state.draining;
  seen.delivered = counters.delivered + counters.replayed;
  seen.replayed = counters.replayed;
  seen.retried = counters.retried_total();
  seen.refused = counters.failed[FailReason::refused];
  seen.timed_out = counters.failed[FailReason::deadline];
  seen.not_stored = counters.failed[FailReason::storage];
  seen.given_up_stop = counters.failed[FailReason::shutdown];
  seen.dead_lettered = counters.dead_lettered;
  seen.spooled = counters.spooled;
  seen.posts = counters.posts;
  for (const auto why : {AuthFailure::time, AuthFailure::token, AuthFailure::signature,
                         AuthFailure::version, AuthFailure::replay}) {
    seen.wrongly_signed += counters.unauthorized[why];
  }
  seen.unavailable = counters.unavailable;
  seen.in_flight = counters.in_flight();
  seen.eventbus_up = counters.eventbus_up();
  seen.targets = targets_of(state, counters);
  if (!state.failures.empty()) seen.example_key = state.failures.back().key;
  seen.spool = state.stores.spool;
  seen.dead_letters = state.stores.dead_letters;
  seen.spool_max_bytes = state.limits.spool_bytes;
  seen.provisioning = state.provisioning;
  seen.provisioning_error = state.provisioning_error;
  seen.buckets = state.buckets.size();
  for (const BucketState& bucket : state.buckets) {
    if (bucket.error.empty()) continue;
    if (seen.buckets_in_trouble == 0) {
      seen.bucket_in_trouble = bucket.host;
      seen.bucket_error = bucket.error;
    }
    ++seen.buckets_in_trouble;
  }
  const auto today =
      std::chrono::time_point_cast<std::chrono::seconds>(std::chrono::system_clock::now());
  for (const auto& source : state.tls) {
    if (!source.expires) continue;
    const auto left = *source.expires - today;
    if (!seen.certificate_left || left < *seen.certificate_left) seen.certificate_left = left;
  }
  return seen;
}

std::string status_json(const ProcessState& state, const Snapshot& snapshot) {
  json::array shards;
  for (const auto& shard : state.shards) shards.push_back(shard_json(shard));
  json::object status{
      {"version", kVersion},
      {"host", state.host},
      {"state", label(state.condition.health)},
      {"problem", state.condition.problem},
      {"uptime_seconds", state.uptime.count()},
      {"draining", state.draining},
      {"threads", state.shards.size()},
      {"target", state.target},
      {"source", state.source},
      {"queue", {{"events", snapshot.queue_events}, {"bytes", snapshot.queue_bytes}}},
      {"in_flight", {{"events", snapshot.in_flight()}, {"post_bytes", snapshot.in_flight_bytes}}},
      {"client_connections", snapshot.connections},
      {"process",
       {{"resident_bytes", state.usage.resident_bytes},
        {"cpu_seconds", state.usage.cpu_seconds},
        {"open_fds", state.usage.open_fds},
        {"max_fds", state.usage.max_fds}}},
      {"limits",
       {{"connections", state.limits.connections},
        {"in_flight_bytes", state.limits.in_flight_bytes},
        {"spool_bytes", state.limits.spool_bytes}}},
      {"eventbus", by_label<EndpointState>(snapshot.eventbus)},
      {"eventbus_connections", by_label<LinkState>(snapshot.links)},
      {"provisioning",
       {{"state", state.provisioning},
        {"step", state.provisioning_step},
        {"last_error", state.provisioning_error}}},
      {"buckets", buckets_json(state, snapshot)},
      {"spool", store_json(state.stores.spool)},
      {"dead_letters", store_json(state.stores.dead_letters)},
      {"tls",
       {{"gateway", tls_json(state.tls, tls::Side::server)},
        {"delivery", tls_json(state.tls, tls::Side::client)}}},
      {"counters", counters(snapshot)},
      {"post_duration", histogram_json(snapshot.post_duration.counts)},
      {"recent_failures", failures_json(state.failures)},
      {"watchers", state.watchers},
      {"shards", std::move(shards)}};
  if (!snapshot.targets.empty()) status["targets"] = targets_json(state, snapshot.targets);
  // What an eventbus, a peer of TLS or the host says of itself need not be UTF-8, which JSON has to
  // be.
  return events::terminal_json(json::serialize(status)) + "\n";
}

}  // namespace gateway::observe
