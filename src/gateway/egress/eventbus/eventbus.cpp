#include "gateway/egress/eventbus/eventbus.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <exception>
#include <new>
#include <stdexcept>
#include <utility>

#include "gateway/egress/eventbus/encoder_settings.hpp"
#include "runtime/cores.hpp"
#include "runtime/log.hpp"

namespace gateway::egress {
namespace {

// Where there are other addresses, one is given so long for an answer, or twice what the slowest
// took of late.
constexpr std::chrono::milliseconds kPatienceAmongSeveral{1000};

// So long a new connection is given for its first answer while others are answered, or four times
// what the slowest took of late if that is more: what is sent again may come twice. With each
// attempt twice as long, as the event may be the reason.
constexpr std::chrono::milliseconds kPatienceWithNew{2000};

unsigned most_here(const config::Settings& settings) {
  const unsigned threads = settings.ingress.threads;
  return most_connections(settings, threads == 0 ? usable_cores() : threads);
}

// As many requests as can be in flight at all.
std::size_t most_in_flight(const config::Delivery& delivery, unsigned connections) noexcept {
  const std::size_t depth = delivery.pipeline == 0 ? PipelineDepth::kMost : delivery.pipeline;
  return depth * connections;
}

SecretFilter secrets_of(const config::Delivery& delivery) {
  SecretFilter filter;
  for (const auto& [name, value] : delivery.headers) filter.add(value);
  return filter;
}

}  // namespace

Eventbus::Eventbus(Context context, const config::Settings& settings,
                   const config::Endpoint& endpoint)
    : Delivery(settings.delivery.queue),
      context_(std::move(context)),
      settings_(settings.delivery),
      endpoint_(endpoint),
      encoder_(encoder_settings(settings, endpoint)),
      policy_(settings.delivery, endpoint.proxy.has_value()),
      backoff_(settings.delivery.retry, static_cast<std::uint32_t>(random_seed())),
      health_(settings.delivery.retry, most_in_flight(settings.delivery, most_here(settings)),
              static_cast<std::uint32_t>(random_seed())),
      retry_budget_(context_.clock.now()),
      token_(!settings.delivery.oauth2.token_url.empty()),
      timer_(context_.executor),
      addresses_({context_.executor, context_.transports, context_.supervisor,
                  [this] { return new_session(tls::Ticket()); }, [this] { pool_.adjust(); }},
                 settings_, endpoint_),
      pool_(*this, settings.delivery, most_here(settings)),
      secrets_(secrets_of(settings_)),
      joined_(context_.executor) {
  // Never in plain text what was to be kept private.
  if (endpoint_.tls != (context_.tls != nullptr)) throw std::logic_error("https without TLS");
}

void Eventbus::start() {
  start_addresses();
  ++running_;
  for (auto& connection : pool_.all()) {
    start(*connection);
    ++running_;
  }
  pool_.adjust();
}

void Eventbus::start_addresses() {
  start(addresses_.part(), [this] { return addresses_.run(); }, [] {});
}

void Eventbus::start(EventbusConnection& connection) {
  start(
      connection.part(), [&connection] { return connection.run(); },
      [&connection] { connection.recover(); });
}

void Eventbus::start(Supervisor::Part& part, std::function<Task<void>()> run,
                     std::function<void()> give_back) {
  const auto stopping = [this] { return stopping_; };
  asio::co_spawn(
      context_.executor,
      keep_running(part, context_.executor, std::move(run), std::move(give_back), stopping),
      [this](const std::exception_ptr& error) {
        --running_;
        if (error) log::internal_error("way to the eventbus", error);
        joined_.notify_all();
      });
}

void Eventbus::authorize(const Authorization& authorization) {
  if (token_.take(authorization, context_.clock.refresh())) {
    encoder_.set_header("Authorization", authorization.value.reveal());
    secrets_ = secrets_of(settings_);
    secrets_.add(authorization.value);
    token_expired_ = false;
  }
  for (auto& connection : pool_.all()) connection->wake();
  context_.turn_end.request();
}

void Eventbus::look_at_token(Instant now) {
  if (token_expired_ || token_.number() == 0 || token_.usable(now)) return;
  token_expired_ = true;
  pool_.replace_all();
}

bool Eventbus::lacks_token(const EventSlot& slot, const Response& response, Instant staged,
                           Instant now) {
  if (response.status != 401 || !token_.needed()) return false;
  const TokenUse::Meaning meaning = token_.rejected(key_of(slot), staged, now);
  if (meaning == TokenUse::Meaning::renew) context_.renew_token(token_.number());
  return meaning != TokenUse::Meaning::refused;
}

Task<void> Eventbus::stop() {
  stopping_ = true;
  timer_.cancel();
  queue_.withdraw_if(
      [](const EventSlot&) { return true; },
      [this](const EventSlot& slot) { give_up(slot, FailReason::shutdown, 0, "gateway stopped"); });
  addresses_.stop();
  pool_.stop();
  while (running_ != 0) co_await joined_.wait();
}

void Eventbus::flush() {
  const Instant now = context_.clock.now();
  if (!queue_.empty()) {
    if (unrestrained()) {
      std::size_t room = EndpointHealth::kUnlimited;
      distribute(room, now);
    } else {
      flush_restrained(now);
    }
  }
  for (EventbusConnection* const connection : pool_.used()) connection->write();
}

void Eventbus::flush_restrained(Instant now) {
  SharedPace& pace = context_.pace;
  const bool paced = pace.active();
  std::size_t allowed = health_.allowance(pool_.requests_in_flight(), now);
  if (paced) {
    tell_pace(now);
    allowed = pace.take_leave(std::min(allowed, queue_.waiting()), now);
  }
  std::size_t room = allowed;
  distribute(room, now);
  if (room != allowed) health_.sent(now);
  if (paced) pace.return_leave(room);
  if (!queue_.empty()) arm_timer();
}

void Eventbus::tell_pace(Instant now) noexcept {
  context_.pace.taken(taken_ - told_, now);
  told_ = taken_;
}

void Eventbus::distribute(std::size_t& room, Instant now) {
  const Instant due = now - answer_times_.unusual();
  pool_.visit_by_turns([&](EventbusConnection& connection) {
    if (connection.accepts(due)) {
      try {
        fill(connection, room, now);
      } catch (const std::bad_alloc&) {
        // What was staged of it is given back when the connection has ended.
        connection.fail("out of memory");
      }
    } else if (connection.state() == LinkState::idle) {
      connection.wake();
    }
    return !queue_.empty();
  });
  // Some may have been sent all they may be.
  if (request_limit_.value() != 0) pool_.adjust();
}

void Eventbus::count_connections(Instant now) {
  ConnectionPoolSize::Load load;
  load.answers = taken_;
  load.saturated = !queue_.empty();
  load.hindered = !unrestrained();
  load.answer_time = answer_times_.average();
  pool_.decide(load, addresses_.book().healthy(), now - answer_times_.unusual(), now);
}

std::unique_ptr<tls::TlsSession> Eventbus::new_session(tls::Ticket ticket) {
  if (context_.tls == nullptr) return nullptr;
  return std::make_unique<tls::TlsSession>(context_.tls->current(), endpoint_.host,
                                           std::move(ticket));
}

Instant::duration Eventbus::patience(const tcp::endpoint& at, unsigned attempts) noexcept {
  if (!addresses_.book().has_other(at)) return Instant::duration::max();
  const auto usual =
      std::max<Instant::duration>(kPatienceAmongSeveral, 2 * answer_times_.slowest());
  return usual * (1U << std::min(attempts, 4U));
}

bool Eventbus::serves_others_only(EventbusConnection& one, Instant now) const noexcept {
  const auto since = one.unproven_since();
  if (!since || settings_.connections != 0 || answered_at_ <= *since) return false;
  // Where there are other addresses, patience() is what counts.
  if (health_.state() != EndpointState::up || addresses_.book().has_other(one.at())) return false;
  const auto usual = std::max<Instant::duration>(kPatienceWithNew, 4 * answer_times_.slowest());
  const auto patience = usual * (1U << std::min(one.multiplexer().due_attempts(), 4U));
  return now - *since >= patience && pool_.others_served(patience / 2, now);
}

void Eventbus::fill(EventbusConnection& connection, std::size_t& room, Instant now) {
  Multiplexer& mux = connection.multiplexer();
  if (encoder_.mode() == events::ContentMode::batch) {
    for (; room != 0 && !queue_.empty() && connection.accepts(); --room) fill_batch(mux, now);
    return;
  }
  std::size_t most = std::min({room, connection.room(), queue_.waiting()});
  mux.reserve(most);
  for (; most != 0 && !connection.is_full(); --most, --room) mux.stage(take(), now);
}

inline EventSlot Eventbus::take() {
  const EventSlot slot = queue_.take();
  context_.ledger.move(slot, EventMove::stage);
  return slot;
}

void Eventbus::fill_batch(Multiplexer& mux, Instant now) {
  mux.open_batch();
  const bool probe = state() == EndpointState::down || state() == EndpointState::probing;
  std::size_t most = probe ? 1 : queue_.together();
  for (std::size_t n = 0; n < most && !queue_.empty(); ++n) {
    most = std::min(most, BatchSize::events(queue_.front().attempts));
    if (n >= most || !mux.add_to_batch(queue_.front(), batch_size_.bytes())) break;
    static_cast<void>(take());
  }
  mux.close_batch(now);
}

void Eventbus::arm_timer() {
  auto due = queue_.next_due();
  if (due && budget_at_) due = std::max(*due, *budget_at_);
  if (!queue_.empty() && !unrestrained()) {
    const Instant now = context_.clock.now();
    const auto sends_at = std::max(health_.sends_at(now), context_.pace.sends_at(now));
    if (sends_at && (!due || *sends_at < *due)) due = sends_at;
  }
  if (due && (!timer_at_ || *due < *timer_at_)) wake_at(*due);
}

void Eventbus::wake_at(Instant at) {
  try {
    timer_.expires_at(at);
    timer_.async_wait([this](const error_code& aborted) {
      if (!aborted) on_timer();
    });
    timer_at_ = at;
  } catch (const std::bad_alloc&) {
    timer_at_.reset();  // The next tick arms it.
  }
}

void Eventbus::on_timer() {
  timer_at_.reset();
  budget_at_.reset();
  const Instant now = context_.clock.refresh();
  // While the eventbus is not up, or limits the rate, what is due stands in line for probes, slow
  // start or the pace, which bound it: the budget is for when nothing else does.
  const bool unbounded = health_.state() == EndpointState::up && !context_.pace.active();
  queue_.release_due(now, [&](const EventSlot& slot) {
    if (unbounded && !may_retry(slot, now)) return false;
    context_.ledger.move(slot, EventMove::release);
    return true;
  });
  const auto due = queue_.next_due();
  // No budget. What is taken may earn some at any time, but nobody needs to know at once.
  if (due && *due <= now) budget_at_ = now + RetryBudget::kInterval;
  arm_timer();
  context_.turn_end.request();
}

// Events that may share a request share the leave for it.
bool Eventbus::may_retry(const EventSlot& slot, Instant now) {
  if (sharing_leave_ == 0) {
    if (!retry_budget_.spend(taken_, now)) return false;
    const bool batch = encoder_.mode() == events::ContentMode::batch;
    sharing_leave_ = batch ? BatchSize::events(slot.attempts) : 1;
  }
  --sharing_leave_;
  return true;
}

void Eventbus::restraint_eased() {
  pool_.wake_all();
  context_.turn_end.request();
}

void Eventbus::tick(Instant now) {
  for (auto& connection : pool_.all()) {
    connection->part().revive([&] {
      connection->recover();
      start(*connection);
    });
  }
  addresses_.part().revive([this] { start_addresses(); });
  pool_.check(now);
  if (token_.needed()) look_at_token(now);
  count_connections(now);
  if (health_.tick(queue_.events() != 0, now)) restraint_eased();
  // Where memory was refused, the one that was to wake the others may not have come to it.
  if (is_down() && health_.may_connect(now)) pool_.wake_all();
  release_early(now);
  arm_timer();
  publish(now);
}

void Eventbus::release_early(Instant now) {
  if (health_.state() == EndpointState::up || !queue_.empty()) return;
  const bool allowed = health_.allowance(pool_.requests_in_flight(), now) != 0;
  if (!allowed || context_.pace.sends_at(now)) return;
  queue_.release_first(
      [this](const EventSlot& slot) { context_.ledger.move(slot, EventMove::release); });
  if (!queue_.empty()) context_.turn_end.request();
}

void Eventbus::withdraw(Post& post, FailReason why,
                        const std::function<bool(const EventSlot&)>& which) {
  queue_.withdraw_if(
      [&](const EventSlot& slot) { return slot.post == &post && (!which || which(slot)); },
      [this, why](const EventSlot& slot) { give_up(slot, why, 0, label(why)); });
}

void Eventbus::connection_ready(const tcp::endpoint& at) {
  health_.connected();
  addresses_.book().opened(at);
  context_.turn_end.request();
}

void Eventbus::connect_failed(Instant since, std::string_view address, std::string_view error) {
  health_.connect_failed(answered_at_ > since, context_.clock.refresh());
  // Those that waited for what comes of this attempt.
  pool_.wake_all();
  const bool names_it = error.find("the proxy ") != std::string_view::npos;
  no_answer(fmt::format("{}{}", endpoint_.proxy && !names_it ? "the proxy " : "", address), error);
}

void Eventbus::address_silent(const tcp::endpoint& at, Instant since, std::string_view what) {
  addresses_.failed(at, what);
  pool_.distrust(at, since);
}

void Eventbus::connection_proven(const tcp::endpoint& at) {
  health_.link_proven();
  addresses_.book().answered(at);
  pool_.wake_all();
}

void Eventbus::connection_ended(EndpointHealth::End end, bool proven,
                                std::optional<EndpointHealth::EventKey> lost,
                                std::string_view address, std::string_view error) {
  health_.link_ended(end, proven, lost, context_.clock.refresh());
  pool_.wake_all();
  if (end == EndpointHealth::End::useless) no_answer(address, error);
  pool_.adjust();
  context_.turn_end.request();
}

}  // namespace gateway::egress
