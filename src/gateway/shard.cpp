#include "gateway/shard.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/system/system_error.hpp>
#include <new>
#include <string>
#include <string_view>

#include "gateway/auth/accepted_tokens.hpp"
#include "runtime/bind_listener.hpp"
#include "runtime/cores.hpp"
#include "runtime/log.hpp"
#include "runtime/tick_interval.hpp"

namespace gateway {
namespace {

constexpr std::chrono::milliseconds kNothing{0};
constexpr int kBacklog = 4096;  // the kernel cuts it to net.core.somaxconn

std::chrono::milliseconds shortest_deadline(const config::Settings& settings) {
  return std::min({settings.delivery.timeout, settings.delivery.deadline,
                   settings.ingress.request_timeout, settings.ingress.idle_timeout});
}

std::string part_name(std::size_t shard, std::string_view what) {
  return fmt::format("shard {} {}", shard, what);
}

// Returns how many posts of one share may wait for their answers. A client's connection waits with
// its post: connections are divided into the same shares as bytes.
std::size_t most_posts(const Shard::Shared& shared) {
  const std::size_t targets = shared.endpoints.size();
  if (targets == 1) return TargetRoom::kNoBound;
  const std::size_t share = shared.settings.ingress.max_connections / ByteShares::count(targets);
  return std::max<std::size_t>(share / shared.shards, 1);
}

TargetHints target_hints(const RoutePlan& plan, std::size_t targets) {
  TargetHints hints(targets);
  for (const routing::Route& route : plan.table.routes()) hints.add(route.bucket, route.target);
  return hints;
}

}  // namespace

Shard::Shard(const Shared& shared, const tcp::endpoint& at)
    : loop_part_(shared.supervisor, part_name(shared.number, "loop")),
      tick_part_(shared.supervisor, part_name(shared.number, "tick")),
      life_part_(shared.supervisor, part_name(shared.number, "life")),
      listener_part_(shared.supervisor, part_name(shared.number, "listener")),
      leases_(shared.bytes, shared.shards),
      ledger_(metrics_, shared.settings.delivery.deadline, shared.endpoints.size()),
      sampler_(clock_, metrics_, shared.feed),
      turn_end_(context_.get_executor(), [this] { end_of_turn(); }),
      transports_(context_.get_executor(), clock_, turn_end_),
      destinations_({context_.get_executor(), clock_, ledger_, metrics_, turn_end_, transports_,
                     shared.supervisor, shared.paces, shared.delivery_tls, shared.renew_token},
                    shared.settings, shared.endpoints, shared.stores),
      room_(destinations_.deliveries(), ledger_, leases_, most_posts(shared)),
      plan_(route_plan(shared.settings)),
      hints_(target_hints(plan_, shared.endpoints.size())),
      intake_({ledger_, room_, turn_end_, metrics_, plan_}),
      ingress_({context_.get_executor(), clock_, buffers_, room_, hints_, ledger_, intake_,
                metrics_, shared.connections, turn_end_, transports_, shared.loops, listener_part_,
                auth::accepted_tokens(shared.settings), shared.ingress_tls, shared.seen_signatures},
               shared.settings.ingress, listen(at, shared.shards > 1)),
      tick_every_(tick_interval(shortest_deadline(shared.settings))),
      storing_time_(shared.settings.ingress.grace / 4),
      tick_timer_(context_.get_executor()),
      stop_wanted_(context_.get_executor()) {
  if (auth::ShardAuthenticator* const authenticator = ingress_.authenticator()) {
    authenticator->set_functions(auth::function_tokens(shared.settings));
    // Else a bucket may still be another function's than the configuration says.
    if (!shared.settings.function.provision) authenticator->tell_functions_apart();
  }
  std::vector<std::string> buckets;
  for (const auto& route : plan_.table.routes()) buckets.push_back(route.bucket);
  metrics_.buckets.make(std::move(buckets));
  metrics_.heartbeat_ns.store(clock_.now().time_since_epoch().count());
}

Acceptor Shard::listen(const tcp::endpoint& at, bool shared_port) {
  Acceptor acceptor(context_.get_executor());
  const error_code error = bind_listener(acceptor, at, shared_port);
  if (error) throw boost::system::system_error(error);
  acceptor.listen(kBacklog);
  port_ = acceptor.local_endpoint().port();
  return acceptor;
}

void Shard::start(std::optional<int> core) {
  begin();
  thread_ = std::thread([this, core] {
    name_this_thread("shard");
    if (core && !pin_this_thread(*core)) log::debug("thread not pinned", {{"core", *core}});
    run_loop(loop_part_, context_, [this] { revive(); });
  });
}

void Shard::begin() {
  start_ticking();
  start_living();
}

void Shard::start_living() {
  const auto again = [this] { return live(); };
  const auto holds_nothing = [] {};
  const auto stopping = [this] { return ended_; };
  asio::co_spawn(context_.get_executor(),
                 keep_running(life_part_, context_.get_executor(), again, holds_nothing, stopping),
                 [this](const std::exception_ptr& error) {
                   if (error) loop_part_.lost(error);
                   ended_ = true;
                   tick_timer_.cancel();
                 });
}

void Shard::start_ticking() {
  const auto again = [this] { return tick_loop(); };
  const auto holds_nothing = [] {};
  const auto stopping = [this] { return ended_; };
  asio::co_spawn(context_.get_executor(),
                 keep_running(tick_part_, context_.get_executor(), again, holds_nothing, stopping),
                 asio::detached);
}

void Shard::revive() {
  tick_part_.revive([this] { start_ticking(); });
  life_part_.revive([this] { start_living(); });
}

std::size_t Shard::poll() {
  std::size_t handlers = 0;
  try {
    revive();
    handlers = context_.poll();
  } catch (...) {
    static_cast<void>(loop_part_.failed(std::current_exception()));
    return 1;
  }
  return handlers;
}

void Shard::leave() {
  asio::post(context_, [this] { ingress_.leave(); });
}

void Shard::stop(Instant deadline) noexcept {
  stop_asked_.store(deadline);
  try {
    asio::post(context_, [this] { look_for_stop(); });
  } catch (const std::bad_alloc&) {  // NOLINT(bugprone-empty-catch)
    // The next tick looks as well.
  }
}

void Shard::look_for_stop() {
  if (stop_deadline_ || stop_asked_.load() == Instant::max()) return;
  stop_deadline_ = stop_asked_.load();
  stop_wanted_.notify_all();
}

void Shard::join() {
  if (thread_.joinable()) thread_.join();
}

void Shard::start_parts() {
  if (std::exchange(started_, true)) return;
  transports_.start();
  destinations_.start();
  ingress_.start();
}

// May run again after a failure: parts that were started are not started again, and parts that were
// stopped may be stopped again.
Task<void> Shard::live() {
  try {
    start_parts();
  } catch (...) {
    loop_part_.lost(std::current_exception());
    co_return;
  }
  while (!stop_deadline_) co_await stop_wanted_.wait();

  destinations_.stop_replay();
  ingress_.drain();
  // Events that the targets have not taken by then go to the spool, if there is one.
  const Instant spool_at = *stop_deadline_ - (destinations_.has_spool() ? storing_time_ : kNothing);
  co_await finished(spool_at);
  destinations_.spool_all();
  co_await finished(*stop_deadline_);
  destinations_.abandon();
  ledger_.abandon_all();
  ingress_.flush();
  co_await ingress_.stop();
  co_await destinations_.stop();
  transports_.stop();
  // What is read after the end is the end.
  destinations_.tick(clock_.refresh());
  ledger_.tick(clock_.now());
  ingress_.tick(clock_.now());
}

// Posts whose client is gone are also finished: their events were received.
Task<void> Shard::finished(Instant deadline) {
  co_await ingress_.drained(deadline);
  while (ledger_.posts() != destinations_.replayed_posts() && clock_.refresh() < deadline) {
    co_await stop_wanted_.wait_until(std::min(deadline, clock_.now() + tick_every_));
  }
}

Task<void> Shard::tick_loop() {
  Instant due = clock_.refresh();
  while (!ended_) {
    clock_.tick();
    const Instant now = clock_.now();
    metrics_.loop_lag.observe(now - due);
    metrics_.heartbeat_ns.store(now.time_since_epoch().count(), std::memory_order_relaxed);
    due = now + tick_every_;
    tick(now);
    tick_timer_.expires_at(due);
    co_await tick_timer_.async_wait(tuple);
  }
}

void Shard::tick(Instant now) {
  look_for_stop();
  life_part_.revive([this] { start_living(); });
  turn_end_.request_again();
  transports_.tick();
  destinations_.tick(now);
  ledger_.tick(now);
  ingress_.tick(now);
  if (!stop_deadline_) destinations_.replay(now);
  sampler_.tick(now, ledger_);
}

void Shard::end_of_turn() {
  ingress_.process_received();
  destinations_.flush();
  ingress_.flush();
}

void Shard::also_accept(std::vector<Secret> tokens, bool all) {
  asio::post(context_, [this, tokens = std::move(tokens), all] {
    auth::ShardAuthenticator* const authenticator = ingress_.authenticator();
    if (authenticator == nullptr) return;
    authenticator->also_accept(tokens);
    if (all) authenticator->tell_functions_apart();
  });
}

void Shard::authorize(egress::Authorization authorization) {
  asio::post(context_, [this, authorization = std::move(authorization)] {
    for (const auto& one : destinations_.all()) one->eventbus().authorize(authorization);
  });
}

void Shard::ask_status(std::function<void(observe::ShardStatus)> done) {
  asio::post(context_, [this, done = std::move(done)] {
    observe::ShardStatus status;
    status.posts = ledger_.posts();
    status.events = ledger_.events_open();
    for (const auto& destination : destinations_.all()) {
      const egress::Eventbus& eventbus = destination->eventbus();
      status.targets.push_back({eventbus.queue().waiting(), eventbus.queue().bytes(),
                                label(eventbus.state()), eventbus.last_answer(),
                                eventbus.connection_status()});
    }
    done(std::move(status));
  });
}

}  // namespace gateway
