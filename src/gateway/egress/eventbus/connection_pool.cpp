#include "gateway/egress/eventbus/connection_pool.hpp"

#include <algorithm>

#include "gateway/egress/eventbus/eventbus.hpp"
#include "runtime/log.hpp"

namespace gateway::egress {

using Role = EventbusConnection::Role;

namespace {

// An eventbus that is gone is found out within this time, as nothing that is sent is acknowledged.
// Before, more connections would only be tried with what is not there any more.
constexpr std::chrono::seconds kAcknowledged{3};

}  // namespace

ConnectionPool::ConnectionPool(Eventbus& bus, const config::Delivery& settings, unsigned most)
    : bus_(bus),
      size_(settings.connections, most, settings.pipeline == 0),
      logged_size_(size_.value()) {
  // As many again for those that take the place of others.
  for (unsigned i = 0; i < 2 * most; ++i) {
    parked_.push_back(all_.emplace_back(std::make_unique<EventbusConnection>(bus)).get());
  }
}

std::size_t ConnectionPool::requests_in_flight() const noexcept {
  std::size_t requests = 0;
  for (EventbusConnection* const connection : used_) {
    requests += connection->multiplexer().requests();
  }
  return requests;
}

void ConnectionPool::adjust() {
  if (stopping_) return;
  std::erase_if(used_, [this](EventbusConnection* connection) {
    if (connection->role() != Role::parked) return false;
    parked_.push_back(connection);
    return true;
  });
  const auto stays = [](const EventbusConnection* one) { return !one->leaving(); };
  auto staying = static_cast<std::size_t>(std::ranges::count_if(used_, stays));
  for (; staying < size_.value() && !parked_.empty(); ++staying) {
    used_.push_back(parked_.back());
    parked_.pop_back();
    used_.back()->multiplexer().be_single(size_.single());
    used_.back()->use();
  }
  // First those that are not there.
  for (const bool ready : {false, true}) {
    for (auto one = used_.rbegin(); one != used_.rend() && staying > size_.value(); ++one) {
      if (!stays(*one) || (*one)->is_ready() != ready) continue;
      (*one)->retire();
      --staying;
    }
  }
  const auto ready = std::ranges::count_if(
      used_, [&](const EventbusConnection* one) { return stays(one) && one->is_ready(); });
  if (static_cast<std::size_t>(ready) < size_.value()) return;
  for (EventbusConnection* const connection : used_) {
    if (connection->role() == Role::retiring) connection->drain();
  }
}

void ConnectionPool::replace(EventbusConnection& connection) {
  // One after the other: each of them counts for where the next one goes.
  const bool busy = std::ranges::any_of(used_, [](const EventbusConnection* one) {
    return one->role() == Role::retiring || one->role() == Role::drained;
  });
  if (busy) return;
  connection.retire();
  adjust();
}

void ConnectionPool::replace_all() {
  for (EventbusConnection* const connection : used_) {
    connection->retire();
    if (connection->role() == Role::retiring) connection->drain();
  }
  adjust();
}

void ConnectionPool::decide(ConnectionPoolSize::Load load, std::size_t addresses, Instant due,
                            Instant now) {
  const auto accepts = [due](const EventbusConnection* one) { return one->accepts(due); };
  if (std::ranges::any_of(used_, accepts)) load.saturated = false;
  if (std::ranges::none_of(used_, &EventbusConnection::is_ready)) load.hindered = true;
  const Instant long_due = std::min(due, now - kAcknowledged);
  load.held_up = std::ranges::all_of(used_, [long_due](EventbusConnection* one) {
    return !one->is_ready() || (one->is_proven() && one->multiplexer().is_held_up(long_due));
  });
  for (EventbusConnection* const one : used_) {
    const Multiplexer& mux = one->multiplexer();
    // One that waits for its first answer may wait for ever.
    const bool counts =
        one->is_ready() && !one->leaving() && !one->unproven_since() && !mux.is_held_up(due);
    if (counts && mux.grows(now)) load.deepening = true;
    if (mux.alone() != Instant::duration{}) load.alone = std::min(load.alone, mux.alone());
  }
  size_.at_least(static_cast<unsigned>(addresses));
  size_.observe(load, now);
  adjust();
  for (EventbusConnection* const one : used_) one->multiplexer().be_single(size_.single());
  if (size_.trying() || size_.value() == logged_size_) return;
  log::info(
      "connections to the eventbus",
      {{"now", size_.value()}, {"before", logged_size_}, {"target", bus_.endpoint().host_header}});
  logged_size_ = size_.value();
}

bool ConnectionPool::others_served(Instant::duration waited, Instant now) const noexcept {
  bool any = false;
  for (EventbusConnection* const one : used_) {
    if (!one->is_proven()) continue;
    const Multiplexer& mux = one->multiplexer();
    if (mux.in_flight() != 0 && now - mux.waiting_since() >= waited) return false;
    any = true;
  }
  return any;
}

void ConnectionPool::one_unserved(Instant now) {
  const auto served = std::ranges::count_if(used_, [&](EventbusConnection* one) {
    return !one->leaving() && !bus_.serves_others_only(*one, now);
  });
  size_.unserved(static_cast<unsigned>(served), now);
  const auto times = unserved_told_.occurred(now);
  if (!times) return;
  log::warn("the eventbus leaves a connection without an answer while it answers over others",
            {{"target", bus_.endpoint().host_header},
             {"connections", size_.value()},
             {"times", *times},
             {"advice",
              "it may serve so many at a time: give it more workers, or set "
              "delivery.connections to what it serves"}});
}

void ConnectionPool::wake_all() {
  for (EventbusConnection* const connection : used_) connection->wake();
}

// Here and below by index, as used_ may change meanwhile; one that moves by it is looked at in the
// next tick.
void ConnectionPool::check(Instant now) {
  for (std::size_t i = 0; i < used_.size(); ++i) {  // NOLINT(modernize-loop-convert)
    used_[i]->check(now);
  }
}

void ConnectionPool::distrust(const tcp::endpoint& at, Instant since) {
  for (std::size_t i = 0; i < used_.size(); ++i) {  // NOLINT(modernize-loop-convert)
    used_[i]->distrust(at, since);
  }
}

void ConnectionPool::stop() {
  stopping_ = true;
  for (auto& connection : all_) connection->stop();
}

}  // namespace gateway::egress
