#include "gateway/egress/destinations.hpp"

#include <algorithm>

namespace gateway::egress {
namespace {

// While a target is known to be down a post waits no longer than this before it goes to the spool:
// long enough for a hiccup, and for somebody to be there to probe with.
constexpr std::chrono::milliseconds kPatienceWhileDown{1000};
constexpr std::chrono::milliseconds kNoPatience{0};

// Each target has its share of the queue, and of bytes at least one large post.
config::Settings settings_of_each(config::Settings settings, std::size_t targets) {
  config::Queue& queue = settings.delivery.queue;
  const std::size_t least = std::min(queue.bytes, settings.ingress.max_body);
  queue.events = std::max<std::size_t>(queue.events / targets, 1);
  queue.bytes = std::max(queue.bytes / targets, least);
  return settings;
}

}  // namespace

TargetNames target_names(std::span<const config::Endpoint> endpoints) {
  std::vector<std::string> urls;
  urls.reserve(endpoints.size());
  for (const config::Endpoint& endpoint : endpoints) urls.push_back(endpoint.url());
  return TargetNames(std::move(urls));
}

Destinations::Destinations(const DestinationContext& context, const config::Settings& settings,
                           std::span<const config::Endpoint> endpoints, Stores stores)
    : clock_(context.clock),
      ledger_(context.ledger),
      metrics_(context.metrics),
      deadline_(settings.delivery.deadline) {
  const config::Settings of_each = settings_of_each(settings, endpoints.size());
  const TargetNames names = target_names(endpoints);
  for (std::size_t target = 0; target < endpoints.size(); ++target) {
    all_.push_back(std::make_unique<Destination>(context, of_each, endpoints[target], stores,
                                                 static_cast<std::uint8_t>(target),
                                                 std::string(names.name(target))));
    deliveries_.push_back(&all_.back()->eventbus());
  }
}

Task<void> Destinations::stop() {
  for (const auto& one : all_) co_await one->eventbus().stop();
}

void Destinations::flush() {
  for (const auto& one : all_) {
    one->spooler().flush();
    one->eventbus().flush();
  }
}

void Destinations::tick(Instant now) {
  const Instant early = now + std::max(deadline_ - kPatienceWhileDown, kNoPatience);
  Post::Targets down;
  for (std::size_t target = 0; target < all_.size(); ++target) {
    Eventbus& eventbus = all_[target]->eventbus();
    eventbus.tick(now);
    down[target] = eventbus.is_down() && eventbus.can_spool();
    expire(target, down[target] ? early : now);
  }
  if (all_.size() > 1) expire_several(now, down.any() ? early : now, down);
  publish();
}

void Destinations::replay(Instant now) {
  for (const auto& one : all_) {
    if (one->replay() != nullptr) one->replay()->tick(now);
  }
}

void Destinations::stop_replay() {
  for (const auto& one : all_) {
    if (one->replay() != nullptr) one->replay()->stop();
  }
}

void Destinations::spool_all() {
  if (!all_.front()->spooler().can_spool()) return;
  for (std::size_t target = 0; target < all_.size(); ++target) expire(target, Instant::max());
  if (all_.size() > 1) expire_several(Instant::max(), Instant::max(), {});
}

void Destinations::expire(std::size_t target, Instant limit) {
  Eventbus& eventbus = all_[target]->eventbus();
  overdue_.clear();
  overdue_.reserve(ledger_.posts());  // what is taken off a list must not be lost
  eventbus.make_room_for_expired();
  ledger_.expire(target, limit, [&](Post& post) { begin_end(post, eventbus.latest_answer()); });
  if (!overdue_.empty()) eventbus.end_expired(overdue_);
}

void Destinations::expire_several(Instant now, Instant limit, Post::Targets targets) {
  overdue_.clear();
  overdue_.reserve(ledger_.posts());
  for (const auto& one : all_) one->eventbus().make_room_for_expired();
  const auto is_due = [&](const Post& post) {
    return post.deadline <= now || (post.targets_of_events() & targets).any();
  };
  ledger_.expire_several(limit, is_due, [this](Post& post) { begin_end(post, latest_answer()); });
  if (overdue_.empty()) return;
  for (const auto& one : all_) one->eventbus().end_expired(overdue_);
}

void Destinations::begin_end(Post& post, const BusAnswer* latest) {
  if (has_spool()) {
    ledger_.begin_storing(post, clock_.now());
  } else {
    ledger_.time_out(post, latest);
  }
  overdue_.push_back(&post);
}

const BusAnswer* Destinations::latest_answer() const {
  const BusAnswer* latest = nullptr;
  for (const auto& one : all_) {
    const BusAnswer* const answer = one->eventbus().latest_answer();
    if (answer != nullptr && (latest == nullptr || latest->at < answer->at)) latest = answer;
  }
  return latest;
}

std::size_t Destinations::replayed_posts() const {
  std::size_t posts = 0;
  for (const auto& one : all_) posts += one->replay() != nullptr ? one->replay()->posts() : 0;
  return posts;
}

// The shard's gauges are the sums over its targets.
void Destinations::publish() {
  const auto sum = [this](auto value_in) {
    std::uint64_t sum = 0;
    for (const auto& one : all_) sum += value_in(one->eventbus().metrics());
    return sum;
  };
  using Metrics = const DestinationMetrics&;
  metrics_.queue_events.set(sum([](Metrics one) { return one.queue_events.value(); }));
  metrics_.queue_bytes.set(sum([](Metrics one) { return one.queue_bytes.value(); }));
  metrics_.eventbus_pipeline_depth.set(sum([](Metrics one) { return one.pipeline_depth.value(); }));
  for (std::size_t i = 0; i < metrics_.eventbus_connections.size(); ++i) {
    const auto state = static_cast<LinkState>(i);
    metrics_.eventbus_connections[state].set(
        sum([state](Metrics one) { return one.connections[state].value(); }));
  }
  for (std::size_t i = 0; i < metrics_.eventbus_state.size(); ++i) {
    const auto state = static_cast<EndpointState>(i);
    metrics_.eventbus_state[state].set(
        sum([state](Metrics one) { return one.state[state].value(); }));
  }
}

}  // namespace gateway::egress
