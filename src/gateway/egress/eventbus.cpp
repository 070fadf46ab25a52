#include "gateway/egress/eventbus.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <exception>
#include <functional>
#include <new>
#include <span>
#include <stdexcept>
#include <utility>

#include "gateway/egress/encoder_settings.hpp"
#include "gateway/egress/refusal_reason.hpp"
#include "gateway/egress/retry_after.hpp"
#include "runtime/cores.hpp"
#include "runtime/log.hpp"
#include "runtime/random_seed.hpp"

namespace gateway::egress {
namespace {

// Where there are other addresses, one is given so long for an answer, or twice what the slowest
// took of late.
constexpr std::chrono::milliseconds kPatienceAmongSeveral{1000};

// So long a new connection is given for its first answer while others are answered, or four times
// what the slowest took of late: what is sent again may come twice.
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
                  [this] { return new_session(tls::Ticket()); }, [this] { adjust(); }},
                 settings_, endpoint_),
      count_(settings.delivery.connections, most_here(settings)),
      logged_count_(count_.value()),
      joined_(context_.executor) {
  // Never in plain text what was to be kept private.
  if (endpoint_.tls != (context_.tls != nullptr)) throw std::logic_error("https without TLS");
  // As many again for those that take the place of others.
  for (unsigned i = 0; i < 2 * most_here(settings); ++i) {
    parked_.push_back(connections_.emplace_back(std::make_unique<EventbusConnection>(*this)).get());
  }
}

void Eventbus::start() {
  start_addresses();
  ++running_;
  for (auto& connection : connections_) {
    start(*connection);
    ++running_;
  }
  adjust();
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
    token_expired_ = false;
  }
  for (auto& connection : connections_) connection->wake();
  context_.turn_end.request();
}

void Eventbus::look_at_token(Instant now) {
  if (token_expired_ || token_.number() == 0 || token_.usable(now)) return;
  token_expired_ = true;
  for (EventbusConnection* const connection : used_) connection->retire();
  for (EventbusConnection* const connection : used_) {
    if (connection->role() == EventbusConnection::Role::retiring) connection->drain();
  }
  adjust();
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
  for (auto& connection : connections_) connection->stop();
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
  for (EventbusConnection* const connection : used_) connection->write();
}

void Eventbus::flush_restrained(Instant now) {
  SharedPace& pace = context_.pace;
  const bool paced = pace.active();
  std::size_t allowed = health_.allowance(requests_in_flight(), now);
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
  const std::size_t count = used_.size();
  for (std::size_t i = 0; i < count && !queue_.empty(); ++i) {
    EventbusConnection& connection = *used_[(next_ + i) % count];
    if (connection.accepts()) {
      try {
        fill(connection, room, now);
      } catch (const std::bad_alloc&) {
        // What was staged of it is given back when the connection has ended.
        connection.fail("out of memory");
      }
    } else if (connection.state() == LinkState::idle) {
      connection.wake();
    }
  }
  if (count != 0) next_ = (next_ + 1) % count;
  // Some may have been sent all they may be.
  if (request_limit_.value() != 0) adjust();
}

std::size_t Eventbus::requests_in_flight() const noexcept {
  std::size_t requests = 0;
  for (EventbusConnection* const connection : used_) {
    requests += connection->multiplexer().requests();
  }
  return requests;
}

void Eventbus::adjust() {
  using Role = EventbusConnection::Role;
  if (stopping_) return;
  std::erase_if(used_, [this](EventbusConnection* connection) {
    if (connection->role() != Role::parked) return false;
    parked_.push_back(connection);
    return true;
  });
  const auto stays = [](const EventbusConnection* one) { return !one->leaving(); };
  auto staying = static_cast<std::size_t>(std::ranges::count_if(used_, stays));
  for (; staying < count_.value() && !parked_.empty(); ++staying) {
    used_.push_back(parked_.back());
    parked_.pop_back();
    used_.back()->use();
  }
  // First those that are not there.
  for (const bool ready : {false, true}) {
    for (auto one = used_.rbegin(); one != used_.rend() && staying > count_.value(); ++one) {
      if (!stays(*one) || (*one)->is_ready() != ready) continue;
      (*one)->retire();
      --staying;
    }
  }
  const auto ready = std::ranges::count_if(
      used_, [&](const EventbusConnection* one) { return stays(one) && one->is_ready(); });
  if (static_cast<std::size_t>(ready) < count_.value()) return;
  for (EventbusConnection* const connection : used_) {
    if (connection->role() == Role::retiring) connection->drain();
  }
}

void Eventbus::replace(EventbusConnection& connection) {
  using Role = EventbusConnection::Role;
  // One after the other: each of them counts for where the next one goes.
  const bool busy = std::ranges::any_of(used_, [](const EventbusConnection* one) {
    return one->role() == Role::retiring || one->role() == Role::drained;
  });
  if (busy) return;
  connection.retire();
  adjust();
}

void Eventbus::count_connections(Instant now) {
  const bool room =
      std::ranges::any_of(used_, [](const EventbusConnection* one) { return one->accepts(); });
  ConnectionPoolSize::Load load;
  load.answers = taken_;
  load.saturated = !queue_.empty() && !room;
  load.hindered = !unrestrained() || std::ranges::none_of(used_, &EventbusConnection::is_ready);
  load.answer_time = answer_time_;
  for (EventbusConnection* const one : used_) {
    const Multiplexer& mux = one->multiplexer();
    if (one->is_ready() && mux.grows(now)) load.deepening = true;
    if (mux.alone() != Instant::duration{}) load.alone = std::min(load.alone, mux.alone());
  }
  count_.at_least(static_cast<unsigned>(addresses_.book().healthy()));
  count_.observe(load, now);
  adjust();
  for (EventbusConnection* const one : used_) one->multiplexer().be_single(count_.single());
  if (count_.trying() || count_.value() == logged_count_) return;
  log::info(
      "connections to the eventbus",
      {{"now", count_.value()}, {"before", logged_count_}, {"target", endpoint_.host_header}});
  logged_count_ = count_.value();
}

std::unique_ptr<tls::TlsSession> Eventbus::new_session(tls::Ticket ticket) {
  if (context_.tls == nullptr) return nullptr;
  return std::make_unique<tls::TlsSession>(context_.tls->current(), endpoint_.host,
                                           std::move(ticket));
}

Instant::duration Eventbus::patience(const tcp::endpoint& at, unsigned attempts) noexcept {
  if (!addresses_.book().has_other(at)) return Instant::duration::max();
  const auto usual = std::max<Instant::duration>(kPatienceAmongSeveral, 2 * slowest_answer_);
  return usual * (1U << std::min(attempts, 4U));
}

bool Eventbus::serves_others_only(Instant since, Instant now) const noexcept {
  return settings_.connections == 0 && answered_at_ > since &&
         now - since >= std::max<Instant::duration>(kPatienceWithNew, 4 * slowest_answer_);
}

void Eventbus::connection_unserved(Instant now) {
  const auto served = std::ranges::count_if(used_, &EventbusConnection::is_proven);
  count_.unserved(static_cast<unsigned>(served), now);
  const auto times = unserved_told_.occurred(now);
  if (!times) return;
  log::warn("the eventbus leaves a connection without an answer while it answers over others",
            {{"target", endpoint_.host_header},
             {"served", served},
             {"times", *times},
             {"advice",
              "it may serve so many at a time: give it more workers, or set "
              "delivery.connections to what it serves"}});
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
  if (slot.attempts == 0) retry_budget_.first_attempt();
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

void Eventbus::answered(Multiplexer& mux) {
  const unsigned status = mux.response().status;
  const Verdict verdict = policy_.judge(status);
  const Instant staged = mux.answered_staged();
  const Instant now = context_.clock.now();
  const Instant::duration took = now - staged;
  answer_time_ += (took - answer_time_) / 16;
  slowest_answer_ = std::max(took, slowest_answer_ - slowest_answer_ / 256);
  answered_at_ = now;
  if (verdict != Verdict::delivered) {
    not_delivered(mux, verdict, now);
    return;
  }
  if (encoder_.mode() == events::ContentMode::batch) {
    batch_size_.accepted(mux.answered_bytes(), now);
  }
  good_answer(staged);
  // An event whose answer could not be dealt with for want of memory stays with the connection,
  // which gives it back when it ends.
  for (; mux.answered_events() != 0; mux.take_answered()) {
    const EventSlot& slot = mux.next_answered();
    metrics_.delivered.add();
    context_.metrics.delivery_duration.observe(took);
    queue_.settled(slot);
    context_.ledger.delivered(slot, status);
  }
}

void Eventbus::not_delivered(Multiplexer& mux, Verdict verdict, Instant now) {
  const Response& response = mux.response();
  if (encoder_.mode() == events::ContentMode::batch) {
    if (response.status == 413) {
      batch_size_.too_large(mux.answered_bytes(), response.excerpt, now);
    }
    const bool token = response.status == 401 && token_.needed();
    if (verdict == Verdict::refused && mux.answered_events() > 1 && !token) {
      split(mux);
      return;
    }
  }
  const Instant staged = mux.answered_staged();
  AskedWait asked = parse_retry_after(
      response.retry_after, std::chrono::floor<std::chrono::seconds>(context_.clock.wall(now)));
  last_answer_.take(response.status, response.excerpt, now);
  for (bool leads = true; mux.answered_events() != 0; leads = false) {
    const EventSlot slot = mux.next_answered();
    if (verdict == Verdict::retry) {
      // That others are sent meanwhile and this one is not would spare the eventbus nothing.
      if (leads && !note_failure(slot, response.status, asked, staged, now)) asked.reset();
      retry_later(slot, response, asked, now);
    } else if (lacks_token(slot, response, staged, now)) {
      retry_later(slot, response, asked, now);
    } else {
      if (leads) good_answer(staged);
      refuse(slot, response);
    }
    mux.take_answered();
  }
}

// One of a batch's events, or their number, may be the reason why it was refused: each half is sent
// again, until an event that is refused is alone.
void Eventbus::split(Multiplexer& mux) {
  halves_.clear();
  halves_.reserve(mux.answered_events());
  queue_.reserve_apart(mux.answered_events());
  good_answer(mux.answered_staged());
  while (mux.answered_events() != 0) {
    const EventSlot slot = mux.take_answered();
    if (slot.post->expired) {
      give_up(slot, FailReason::deadline, mux.response().status, "deadline passed");
    } else {
      context_.ledger.move(slot, EventMove::put_back);
      halves_.push_back(slot);
    }
  }
  context_.metrics.events_retried[retry_reason(mux.response().status)].add(halves_.size());
  const std::span<const EventSlot> all(halves_);
  queue_.set_apart(all.first(all.size() / 2));
  queue_.set_apart(all.subspan(all.size() / 2));
  context_.turn_end.request();
}

void Eventbus::refuse(const EventSlot& slot, const Response& response) {
  // A post that was answered already is its sender's to repeat.
  if (context_.spooler.keeps_dead_letters() && !slot.post->expired) {
    queue_.settled(slot);
    context_.spooler.dead_letter(slot, Spooler::Why::refused, response.status, response.excerpt);
    return;
  }
  give_up(slot, FailReason::refused, response.status, refusal_reason(response.excerpt));
}

bool Eventbus::note_failure(const EventSlot& slot, unsigned status, AskedWait asked, Instant staged,
                            Instant now) {
  bool all_wait = true;
  bool limited = status == 429;
  if (limited || (status == 503 && asked)) {
    const std::chrono::milliseconds wait = asked.value_or(std::chrono::seconds(0));
    tell_pace(now);
    all_wait = context_.pace.refused(staged, std::min(wait, settings_.retry.max), now);
    limited = limited || !all_wait;
  } else if (status == 503) {
    tell_pace(now);
    limited = context_.pace.perhaps_refused(staged, now);
  }
  if (asked && all_wait) health_.hold(*asked, now);
  health_.failing_answer(slot.attempts == 0, limited, staged, now);
  return all_wait;
}

void Eventbus::retry_later(EventSlot slot, const Response& response, AskedWait asked, Instant now) {
  if (slot.post->expired) {
    give_up_late(slot);
    return;
  }
  if (slot.post->replayed && slot.post->owner->gives_up(slot)) {
    queue_.settled(slot);
    context_.spooler.dead_letter(slot, Spooler::Why::expired, response.status, response.excerpt);
    return;
  }
  ++slot.attempts;
  context_.metrics.events_retried[retry_reason(response.status)].add();
  delay(slot, now + backoff_.next(slot.attempts, asked));
}

void Eventbus::delay(const EventSlot& slot, Instant due) {
  const bool waits = queue_.delay(slot, due);
  context_.ledger.move(slot, waits ? EventMove::delay : EventMove::put_back);
  if (waits) arm_timer();
}

void Eventbus::given_back(EventSlot slot, bool sent, bool announced, RetryReason reason) {
  if (stopping_) {
    give_up(slot, FailReason::shutdown, 0, "gateway stopped");
    return;
  }
  if (slot.post->expired) {
    give_up_late(slot);
    return;
  }
  if (sent) context_.metrics.events_retried[reason].add();
  const bool attempted = sent && !announced;
  if (attempted) ++slot.attempts;
  if (attempted && slot.attempts > 1) {
    // It may be the event that makes the eventbus break off: the others must not wait behind it.
    const Instant now = context_.clock.now();
    delay(slot, now + backoff_.next(slot.attempts - 1U, std::nullopt));
  } else {
    context_.ledger.move(slot, EventMove::put_back);
    queue_.put_back(slot);
  }
}

void Eventbus::give_up(const EventSlot& slot, FailReason why, unsigned status,
                       std::string_view reason) {
  queue_.settled(slot);
  context_.ledger.failed(slot, why, status, reason);
}

// Its post's deadline has passed.
void Eventbus::give_up_late(const EventSlot& slot) {
  const BusAnswer* latest = slot.attempts > 0 ? latest_answer() : nullptr;
  if (latest == nullptr) {
    return give_up(slot, FailReason::deadline, 0, "deadline passed");
  }
  std::string reason;
  try {
    reason = fmt::format("deadline passed; the last answer was: {}",
                         latest->text.empty() ? std::to_string(latest->status) : latest->text);
  } catch (const std::bad_alloc&) {  // NOLINT(bugprone-empty-catch)
    // It fails without a reason in words.
  }
  give_up(slot, FailReason::deadline, latest->status, reason);
}

void Eventbus::no_answer(std::string_view address, std::string_view error) {
  last_answer_.take(0, fmt::format("{}{}{}", address, address.empty() ? "" : ": ", error),
                    context_.clock.now());
}

const BusAnswer* Eventbus::latest_answer() const noexcept {
  const bool lately =
      last_answer_.at != Instant{} && context_.clock.now() - last_answer_.at <= settings_.deadline;
  return lately ? &last_answer_ : nullptr;
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
  // No budget. First attempts may earn some at any time, but nobody needs to know at once.
  if (due && *due <= now) budget_at_ = now + RetryBudget::kInterval;
  arm_timer();
  context_.turn_end.request();
}

// Events that may share a request share the leave for it.
bool Eventbus::may_retry(const EventSlot& slot, Instant now) {
  if (sharing_leave_ == 0) {
    if (!retry_budget_.spend(now)) return false;
    const bool batch = encoder_.mode() == events::ContentMode::batch;
    sharing_leave_ = batch ? BatchSize::events(slot.attempts) : 1;
  }
  --sharing_leave_;
  return true;
}

void Eventbus::restraint_eased() {
  wake_all();
  context_.turn_end.request();
}

void Eventbus::tick(Instant now) {
  for (auto& connection : connections_) {
    connection->part().revive([&] {
      connection->recover();
      start(*connection);
    });
  }
  addresses_.part().revive([this] { start_addresses(); });
  // By index, as it may change meanwhile.
  for (std::size_t i = 0; i < used_.size(); ++i) {  // NOLINT(modernize-loop-convert)
    used_[i]->check(now);
  }
  if (token_.needed()) look_at_token(now);
  count_connections(now);
  if (health_.tick(queue_.events() != 0, now)) restraint_eased();
  // Where memory was refused, the one that was to wake the others may not have come to it.
  if (is_down() && health_.may_connect(now)) wake_all();
  release_early(now);
  arm_timer();
  publish(now);
}

void Eventbus::release_early(Instant now) {
  if (health_.state() == EndpointState::up || !queue_.empty()) return;
  if (health_.allowance(requests_in_flight(), now) == 0 || context_.pace.sends_at(now)) return;
  queue_.release_first(
      [this](const EventSlot& slot) { context_.ledger.move(slot, EventMove::release); });
  if (!queue_.empty()) context_.turn_end.request();
}

// Before a post is taken off its list, so that nothing of it can be lost.
void Eventbus::make_room_for_expired() {
  if (!context_.spooler.has_spool()) return;
  withdrawn_.reserve(queue_.events());
  in_flight_.reserve(queue_.events());
}

void Eventbus::end_expired(std::span<Post* const> posts) {
  if (context_.spooler.has_spool()) {
    spool_expired(posts);
  } else {
    queue_.withdraw_if([](const EventSlot& slot) { return slot.post->expired; },
                       [this](const EventSlot& slot) { give_up_late(slot); });
  }
}

void Eventbus::spool_expired(std::span<Post* const> posts) {
  // Not those of posts that were handed over earlier and are still on a connection.
  const auto overdue = [](const EventSlot& slot) {
    const Post& post = *slot.post;
    return post.expired && post.states[slot.index] != EventState::copying;
  };
  const auto is_owed = [](const EventSlot& slot) { return slot.post->state == Post::State::open; };
  const auto by_post = [](const EventSlot& a, const EventSlot& b) {
    return a.post == b.post ? a.index < b.index : std::less<>()(a.post, b.post);
  };
  withdrawn_.clear();
  in_flight_.clear();
  queue_.withdraw_if(overdue, [&](const EventSlot& slot) {
    if (!is_owed(slot)) return give_up_late(slot);  // the spool has failed for another target
    queue_.settled(slot);
    withdrawn_.push_back(slot);
  });
  for (EventbusConnection* const connection : used_) {
    connection->multiplexer().for_each([&](const EventSlot& slot) {
      if (overdue(slot) && is_owed(slot)) in_flight_.push_back(slot);
    });
  }
  std::ranges::sort(withdrawn_, by_post);
  std::ranges::sort(in_flight_, by_post);
  const auto of = [&](const std::vector<EventSlot>& all, const Post* post) {
    const auto range = std::ranges::equal_range(all, post, {}, &EventSlot::post);
    return std::span<const EventSlot>(range.begin(), range.end());
  };
  for (Post* const post : posts) {
    context_.spooler.spool(*post, of(withdrawn_, post), of(in_flight_, post));
  }
  context_.turn_end.request();
}

void Eventbus::withdraw(Post& post, FailReason why) {
  queue_.withdraw_if([&post](const EventSlot& slot) { return slot.post == &post; },
                     [this, why](const EventSlot& slot) { give_up(slot, why, 0, label(why)); });
}

bool Eventbus::may_connect() {
  return health_.may_connect(context_.clock.refresh());
}

void Eventbus::connection_ready(const tcp::endpoint& at) {
  health_.connected();
  addresses_.book().opened(at);
  context_.turn_end.request();
}

void Eventbus::wake_all() {
  for (EventbusConnection* const connection : used_) connection->wake();
}

void Eventbus::connect_failed(std::string_view address, std::string_view error) {
  health_.connect_failed(context_.clock.refresh());
  // Those that waited for what comes of this attempt.
  wake_all();
  no_answer(address, error);
}

void Eventbus::connection_closed(const tcp::endpoint& at) {
  addresses_.book().closed(at);
}

void Eventbus::address_silent(const tcp::endpoint& at, Instant since, std::string_view what) {
  addresses_.failed(at, what);
  // By index, as it may change meanwhile.
  for (std::size_t i = 0; i < used_.size(); ++i) {  // NOLINT(modernize-loop-convert)
    used_[i]->distrust(at, since);
  }
}

void Eventbus::connection_proven(const tcp::endpoint& at) {
  health_.link_proven();
  addresses_.book().answered(at);
  for (EventbusConnection* const connection : used_) connection->wake();
}

void Eventbus::connection_ended(EndpointHealth::End end, bool proven,
                                std::optional<EndpointHealth::EventKey> lost,
                                std::string_view address, std::string_view error) {
  health_.link_ended(end, proven, lost, context_.clock.refresh());
  wake_all();
  if (end == EndpointHealth::End::useless) no_answer(address, error);
  adjust();
  context_.turn_end.request();
}

}  // namespace gateway::egress
