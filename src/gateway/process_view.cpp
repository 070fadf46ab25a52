#include "gateway/process_view.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <utility>

#include "gateway/config/render.hpp"
#include "gateway/config/targets.hpp"
#include "gateway/domain/answers.hpp"
#include "gateway/observe/process_usage.hpp"
#include "gateway/observe/prometheus.hpp"
#include "runtime/signal.hpp"

namespace gateway {
namespace {

constexpr std::chrono::seconds kStatusDeadline{1};
// How often it is looked whether a loop has ended, which then gives no status.
constexpr std::chrono::milliseconds kLookForEnd{50};
constexpr std::chrono::seconds kLookInterval{1};  // of the monitor

// The host's name; in a container orchestrator that is the pod's.
std::string host_name() {
  std::array<char, 256> name{};
  return ::gethostname(name.data(), name.size() - 1) == 0 ? std::string(name.data())
                                                          : std::string();
}

// Returns how many posts were refused for the key they are signed with.
std::uint64_t wrongly_signed(const observe::Snapshot& counters) {
  return counters.unauthorized[AuthFailure::signature] + counters.unauthorized[AuthFailure::token];
}

std::vector<std::size_t> targets_of_entries(const config::Settings& settings) {
  config::Targets targets(settings);
  std::vector<std::size_t> numbers;
  numbers.reserve(settings.buckets.size());
  for (const config::BucketEntry& entry : settings.buckets) {
    numbers.push_back(targets.number_of(entry.target, entry.eventbus));
  }
  return numbers;
}

}  // namespace

ProcessView::ProcessView(const Process& process)
    : process_(process),
      monitor_part_(process.supervisor, "monitor"),
      host_(host_name()),
      targets_of_entries_(targets_of_entries(process.settings)),
      timer_(process.control.get_executor()) {}

void ProcessView::start() {
  started_ = std::chrono::steady_clock::now();
  start_looking();
}

void ProcessView::start_looking() {
  const auto run = [this] { return watch(); };
  const auto holds_nothing = [] {};
  const auto stopping = [this] { return process_.ended.load(); };
  const auto executor = process_.control.get_executor();
  asio::co_spawn(executor, keep_running(monitor_part_, executor, run, holds_nothing, stopping),
                 asio::detached);
}

observe::Snapshot ProcessView::snapshot() const {
  std::vector<const ShardMetrics*> all;
  all.reserve(process_.shards.size());
  for (const auto& shard : process_.shards) all.push_back(&shard->metrics());
  observe::Snapshot snapshot = observe::take_snapshot(all);
  if (process_.endpoints.size() == 1) return snapshot;
  for (std::size_t target = 0; target < process_.endpoints.size(); ++target) {
    auto& totals = snapshot.targets.emplace_back();
    totals.url = process_.endpoints[target].url();
    for (const auto& shard : process_.shards) totals.add(shard->metrics_of(target));
  }
  return snapshot;
}

observe::AdminReply ProcessView::health() {
  const Answer answer = answers::health(process_.loops.failing(std::chrono::steady_clock::now()));
  return {answer.status, answer.content_type, answer.body};
}

observe::AdminReply ProcessView::readiness() {
  constexpr const char* kText = "text/plain; charset=utf-8";
  if (process_.stopping || process_.supervisor.gave_up()) return {503, kText, "stopping\n"};
  if (refuses_every_post()) {
    return {503, kText, "the eventbus is down, and the spool takes nothing\n"};
  }
  return {200, kText, "ready\n"};
}

observe::AdminReply ProcessView::metrics() {
  observe::ProcessState state = process_state({});
  state.usage = observe::read_process_usage();
  return {200, "text/plain; version=0.0.4; charset=utf-8",
          observe::prometheus_text(state, snapshot())};
}

observe::AdminReply ProcessView::history() {
  return {200, "application/json", monitor_.history_json()};
}

observe::AdminReply ProcessView::configuration() {
  return {200, "text/plain; charset=utf-8", config::render(process_.settings)};
}

Task<observe::AdminReply> ProcessView::status() {
  ShardStatuses shards = co_await ask_shards();
  observe::AdminReply reply;
  reply.content_type = "application/json";
  observe::ProcessState state = process_state(std::move(shards));
  state.usage = observe::read_process_usage();
  reply.body = observe::status_json(state, snapshot());
  co_return reply;
}

// True while every post would be answered 503 at its deadline: other replicas may do better. An
// eventbus that is down alone is down for all of them.
bool ProcessView::refuses_every_post() const {
  const egress::StoreWriter* const spool = process_.stores.spool();
  if (spool == nullptr || spool->state() == egress::StoreState::ok) return false;
  return std::ranges::all_of(process_.shards, [this](const auto& shard) {
    const auto& state = shard->metrics().eventbus_state;
    return state[EndpointState::down].value() + state[EndpointState::probing].value() ==
           process_.endpoints.size();
  });
}

// Lives until the last shard has answered, however late.
struct ProcessView::Answers {
  Answers(const Executor& executor, std::size_t count)
      : arrived(executor), shards(count), missing(count) {}
  Signal arrived;
  std::vector<std::optional<observe::ShardStatus>> shards;
  std::size_t missing;
};

Task<ProcessView::ShardStatuses> ProcessView::ask_shards() {
  auto answers = std::make_shared<Answers>(process_.control.get_executor(), process_.shards.size());
  for (std::size_t i = 0; i < process_.shards.size(); ++i) ask(answers, i);
  const Instant deadline = std::chrono::steady_clock::now() + kStatusDeadline;
  while (answers->missing != 0 && !process_.ended && std::chrono::steady_clock::now() < deadline) {
    co_await answers->arrived.wait_until(
        std::min(deadline, std::chrono::steady_clock::now() + kLookForEnd));
  }
  co_return answers->shards;
}

observe::ProcessState ProcessView::process_state(ShardStatuses shards) {
  observe::ProcessState state;
  state.uptime =
      std::chrono::duration_cast<std::chrono::seconds>(std::chrono::steady_clock::now() - started_);
  state.draining = process_.stopping;
  state.target = process_.endpoints.front().url();
  state.source = process_.settings.source();
  state.host = host_;
  state.condition = monitor_.condition();
  state.limits = {process_.settings.ingress.max_connections,
                  process_.settings.ingress.max_in_flight,
                  process_.stores.spool() != nullptr ? process_.settings.spool.max_bytes : 0};
  state.part_failures = process_.supervisor.failures();
  state.provisioning = observe::kProvisioningDisabled;
  if (process_.provisioning) {
    state.provisioning = label(process_.provisioning->status().state);
    state.provisioning_step = process_.provisioning->status().step;
    state.provisioning_error = process_.provisioning->status().last_error;
  }
  state.buckets = bucket_states();
  state.stores = process_.stores.status();
  state.tls = process_.tls->status();
  state.shards = std::move(shards);
  state.failures = process_.feed.failures();
  state.watchers = process_.feed.watchers();
  return state;
}

std::vector<observe::BucketState> ProcessView::bucket_states() const {
  std::vector<observe::BucketState> states;
  for (const config::BucketEntry& entry : process_.settings.buckets) {
    observe::BucketState& state = states.emplace_back();
    state.host = entry.bucket.endpoint;
    state.eventbus = entry.eventbus;
    state.target = targets_of_entries_[states.size() - 1];
    state.function = entry.function.name;
    if (!process_.provisioning) {
      state.provisioning = observe::kProvisioningDisabled;
    } else if (const auto* found =
                   process_.provisioning->status().find(state.host, state.function)) {
      state.provisioning = label(found->state);
      state.error = found->last_error;
    }
  }
  return states;
}

// Has the monitor look once a second, until the process ends. The shards are asked what the
// eventbus said only while there is a reason to.
Task<void> ProcessView::watch() {
  while (!process_.ended) {
    observe::Snapshot counters = snapshot();
    ShardStatuses shards;
    if (monitor_.wants_answers(counters)) {
      shards = co_await ask_shards();
      counters = snapshot();
    }
    const Instant now = std::chrono::steady_clock::now();
    monitor_.look(observe::observation_of(process_state(std::move(shards)), counters, now),
                  counters);
    if (process_.provisioning) process_.provisioning->note_refused(wrongly_signed(counters), now);
    if (!process_.stopping) last_problem_ = monitor_.condition().problem;
    if (on_look_) on_look_(monitor_.condition(), process_.loops.failing(now).empty());
    timer_.expires_after(kLookInterval);
    co_await timer_.async_wait(tuple);
  }
}

void ProcessView::ask(const std::shared_ptr<Answers>& answers, std::size_t index) {
  process_.shards[index]->ask_status([this, answers, index](observe::ShardStatus status) {
    asio::post(process_.control, [answers, index, status = std::move(status)]() mutable {
      answers->shards[index] = std::move(status);
      --answers->missing;
      answers->arrived.notify_all();
    });
  });
}

}  // namespace gateway
