#include "gateway/egress/destinations.hpp"

#include <algorithm>

namespace gateway::egress {
namespace {

// While a target is known to be down a post waits no longer than this before it goes to the spool:
// long enough for a hiccup, and for somebody to be there to probe with.
constexpr std::chrono::milliseconds kPatienceWhileDown{1000};
constexpr std::chrono::milliseconds kNoPatience{0};

}  // namespace

Destinations::Destinations(const DestinationContext& context, const config::Settings& settings,
                           std::span<const config::Endpoint> endpoints, Stores stores)
    : clock_(context.clock),
      ledger_(context.ledger),
      metrics_(context.metrics),
      deadline_(settings.delivery.deadline) {
  for (config::Endpoint endpoint : endpoints) {
    endpoint.go_by(settings.delivery.proxies);
    all_.push_back(std::make_unique<Destination>(context, settings, endpoint, stores));
    deliveries_.push_back(&all_.back()->eventbus());
  }
}

void Destinations::start() {
  for (const auto& one : all_) one->eventbus().start();
}

Task<void> Destinations::stop() {
  for (const auto& one : all_) co_await one->eventbus().stop();
}

void Destinations::flush() {
  for (const auto& one : all_) {
    one->custody().flush();
    one->eventbus().flush();
  }
}

void Destinations::tick(Instant now) {
  for (std::size_t target = 0; target < all_.size(); ++target) {
    Eventbus& eventbus = all_[target]->eventbus();
    eventbus.tick(now);
    const bool gives_up_early = eventbus.is_down() && eventbus.can_spool();
    expire(target,
           gives_up_early ? now + std::max(deadline_ - kPatienceWhileDown, kNoPatience) : now);
  }
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
  for (std::size_t target = 0; target < all_.size(); ++target) {
    if (all_[target]->custody().can_spool()) expire(target, Instant::max());
  }
}

void Destinations::abandon() {
  for (const auto& one : all_) one->custody().abandon();
}

void Destinations::expire(std::size_t target, Instant limit) {
  Eventbus& eventbus = all_[target]->eventbus();
  overdue_.clear();
  overdue_.reserve(ledger_.posts());  // what is taken off a list must not be lost
  eventbus.make_room_for_expired();
  ledger_.expire(target, limit, [&](Post& post) {
    if (has_spool()) {
      ledger_.begin_storing(post, clock_.now());
    } else {
      ledger_.time_out(post, eventbus.latest_answer());
    }
    overdue_.push_back(&post);
  });
  if (!overdue_.empty()) eventbus.end_expired(overdue_);
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
