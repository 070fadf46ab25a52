#include "gateway/egress/eventbus/eventbus_connection.hpp"

#include <functional>
#include <new>
#include <random>
#include <utility>

#include "gateway/domain/post.hpp"
#include "gateway/egress/eventbus/eventbus.hpp"
#include "gateway/egress/eventbus/link_facts.hpp"
#include "runtime/log.hpp"
#include "runtime/random_seed.hpp"

namespace gateway::egress {

using transport::TransportError;

namespace {

// Between nine tenths and all of it, so that connections made together do not end together.
Instant::duration jittered(std::chrono::milliseconds age) {
  static thread_local std::minstd_rand random{
      static_cast<std::minstd_rand::result_type>(random_seed())};
  const std::int64_t tenth = age.count() / 10;
  return age -
         std::chrono::milliseconds(std::uniform_int_distribution<std::int64_t>(0, tenth)(random));
}

}  // namespace

EndpointHealth::EventKey key_of(const EventSlot& slot) {
  const auto& passed_on = slot.post->passed_on;
  if (passed_on.empty()) return slot.id.high() ^ slot.id.low();
  EndpointHealth::EventKey key = 0;
  for (const auto& attribute : passed_on[slot.index].attributes) {
    key = key * 31 + std::hash<std::string_view>{}(attribute.value);
  }
  return key;
}

EventbusConnection::EventbusConnection(Eventbus& bus)
    : bus_(bus),
      part_(bus.context().supervisor, "eventbus connection"),
      wake_(bus.context().executor),
      ended_(bus.context().executor),
      mux_(bus.encoder(), bus.settings().pipeline),
      dialer_(
          bus.context().transports, bus.context().executor, [this] { return new_session(); },
          bus.endpoint().tunnel()),
      address_(bus.endpoint().dialled_address()) {}

std::unique_ptr<tls::TlsSession> EventbusConnection::new_session() {
  return bus_.new_session(std::exchange(ticket_, tls::Ticket()));
}

void EventbusConnection::stop() {
  stopping_ = true;
  wake_.notify_all();
  dialer_.cancel();
  break_link(RetryReason::connection, "stopping");
}

void EventbusConnection::use() {
  role_ = Role::used;
  wake_.notify_all();
}

void EventbusConnection::retire() {
  const bool nothing_there = state_ == LinkState::idle || state_ == LinkState::backing_off;
  role_ = nothing_there ? Role::parked : Role::retiring;
  wake_.notify_all();
}

Task<void> EventbusConnection::run() {
  bool on_demand = false;
  while (!stopping_) {
    if (role_ == Role::retiring || role_ == Role::drained) role_ = Role::parked;
    // After a quiet end nobody is hurried: the next event opens the connection.
    const bool unwanted = on_demand && !bus_.has_demand() && !bus_.is_down();
    if (role_ == Role::parked || unwanted) {
      state_ = LinkState::idle;
      if (role_ == Role::parked) on_demand = false;
      co_await wake_.wait();
      continue;
    }
    if (!bus_.may_connect()) {
      state_ = LinkState::backing_off;
      co_await wake_.wait_until(bus_.connects_at());
      continue;
    }
    state_ = LinkState::connecting;
    connecting_since_ = bus_.context().clock.refresh();
    bus_.connecting();
    const bool connected = co_await connect();
    if (!connected) {
      on_demand = false;
      if (stopping_) break;
      state_ = LinkState::backing_off;
      bus_.connect_failed(connecting_since_, address_, last_error_);
      continue;
    }
    state_ = LinkState::ready;
    bus_.connection_ready(at_);
    co_await converse();
    bus_.connection_closed(at_);
    if (stopping_) break;
    on_demand = report_end();
  }
  state_ = LinkState::idle;
}

void EventbusConnection::recover() {
  const LinkState before = std::exchange(state_, LinkState::backing_off);
  broken_ = true;
  failure_ = nullptr;
  transport_.reset();
  give_back();
  if (before == LinkState::ready) bus_.connection_closed(at_);
  try {
    if (before == LinkState::connecting) {
      bus_.connect_failed(connecting_since_, address_, "internal error");
    }
    if (before == LinkState::ready) {
      bus_.connection_ended(EndpointHealth::End::broken, answered_any_, lost_event_, address_,
                            "internal error");
    }
  } catch (const std::bad_alloc&) {  // NOLINT(bugprone-empty-catch)
    // Only the line of the log is missing.
  }
}

bool EventbusConnection::report_end() {
  using End = EndpointHealth::End;
  // Many servers close what they find idle: no fault, and no hurry.
  const bool quiet = !ended_oddly_ && (answered_any_ || !bus_.has_demand());
  // Silence says nothing good, whatever was answered before it.
  const bool silent = lost_reason_ == RetryReason::timeout;
  const End end = quiet ? End::quiet : answered_any_ && !silent ? End::broken : End::useless;
  // Of one address among several it says nothing about the eventbus.
  const bool one_of_several = end == End::useless && bus_.addresses().book().has_other(at_);
  const bool says_nothing = one_of_several || unserved_;
  if (one_of_several && address_at_fault_) bus_.addresses().failed(at_, last_error_);
  state_ = end == End::useless ? LinkState::backing_off : LinkState::idle;
  bus_.connection_ended(says_nothing ? End::inconclusive : end, answered_any_, lost_event_,
                        address_, last_error_);
  return end != End::useless;
}

Task<bool> EventbusConnection::connect() {
  const Instant deadline = connecting_since_ + bus_.settings().timeout;
  address_ = bus_.endpoint().dialled_address();
  while (!stopping_ && bus_.token().awaited() && SteadyClock::now() < deadline) {
    co_await wake_.wait_until(deadline);
  }
  if (!bus_.token().usable(SteadyClock::now())) {
    last_error_ = bus_.token().problem();
    co_return false;
  }
  AddressWatch& addresses = bus_.addresses();
  co_await addresses.look_up(deadline);
  std::vector<tcp::endpoint> order = addresses.book().order(SteadyClock::now());
  if (order.empty()) {
    last_error_ = addresses.problem();
    co_return false;
  }
  auto transport = co_await dialer_.dial(std::move(order), deadline);
  for (const Dialer::Loser& loser : dialer_.losers()) {
    last_error_ = loser.reason;
    if (!stopping_) addresses.failed(loser.address, loser.reason);
  }
  if (!transport || stopping_) co_return false;
  begin(std::move(transport), bus_.context().clock.refresh());
  co_return true;
}

void EventbusConnection::begin(std::unique_ptr<transport::Transport> transport, Instant now) {
  transport_ = std::move(transport);
  transport_->set_user(*this);
  notice_silence(transport_->handle(), bus_.settings().timeout);
  if (const tls::TlsSession* const session = transport_->tls()) {
    log::debug("TLS with the eventbus",
               {{"version", session->version()}, {"resumed", session->resumed() ? "yes" : "no"}});
  }
  at_ = dialer_.reached();
  address_ = text_of(at_);
  heard_ = now;
  renew_at_ = now + jittered(bus_.settings().max_age);
  broken_ = answered_any_ = announced_ = ended_by_peer_ = unserved_ = false;
  lost_event_.reset();
  unwritable_since_.reset();
  lost_reason_ = RetryReason::connection;
  mux_.begin(expected_end_, bus_.request_limit());
}

Task<void> EventbusConnection::converse() {
  // Something may have come with the end of the handshake.
  transport_->call_again();
  while (!broken_) co_await ended_.wait();
  // One event that makes the eventbus break off is not to cost it one address after the other.
  address_at_fault_ = ended_by_peer_ && (mux_.in_flight() == 0 || mux_.due_attempts() == 0);
  ended_oddly_ = (mux_.in_flight() != 0 && !announced_) || lost_reason_ == RetryReason::protocol;
  if (ended_oddly_ && !unserved_ && !stopping_) mux_.oddity(bus_.context().clock.now());
  expected_end_ = !ended_oddly_;
  if (transport_->tls() != nullptr) ticket_ = transport_->tls()->take_ticket();
  transport_.reset();
  give_back();
  if (failure_) std::rethrow_exception(std::exchange(failure_, nullptr));
}

void EventbusConnection::on_ready(bool writable) {
  if (broken_) return;
  take_step([this, writable] {
    if (writable) {
      settle_early_answer();  // what was held may have left
      send();
    }
    read();
  });
  bus_.context().turn_end.request();
}

void EventbusConnection::read() {
  const Instant now = bus_.context().clock.now();
  const unsigned before = transport_->socket_reads();
  const std::span<char> room = bus_.input();
  while (!broken_ && transport_->may_receive()) {
    if (transport_->socket_reads() - before >= kMostReads) {
      transport_->call_again();
      return;
    }
    const auto received = transport_->receive(room);
    if (received.error == asio::error::would_block) return;
    if (received.error) {
      end_of_stream(received.error, now);
      return;
    }
    heard_ = now;
    heard_only_ = true;
    mux_.held(transport_->unsent());
    take_bytes({room.data(), received.size}, now);
  }
}

void EventbusConnection::take_bytes(std::string_view input, Instant now) {
  while (!broken_) {
    switch (mux_.next(input, now)) {
      case Multiplexer::Step::need_more: mux_.after_read(now); return;
      case Multiplexer::Step::answered: settle_answer(); break;
      case Multiplexer::Step::surplus:
        ended_by_peer_ = true;
        break_link(RetryReason::protocol, "an answer that no request was sent for");
        break;
      case Multiplexer::Step::ends:
        announced_ = true;
        break_link(RetryReason::connection, "idle for as long as the eventbus waits (408)");
        break;
      case Multiplexer::Step::bad:
        ended_by_peer_ = true;
        break_link(RetryReason::protocol, mux_.problem());
        break;
    }
  }
}

void EventbusConnection::settle_answer() {
  if (!answered_any_) {
    answered_any_ = true;
    bus_.connection_proven(at_);
  }
  bus_.answered(mux_);
  if (mux_.cut_short()) {
    break_link(RetryReason::protocol, "answered before the request was complete");
  } else if (mux_.response().close) {
    // By its word it has taken nothing behind this answer (RFC 9112 section 9.6).
    announced_ = !mux_.response().doubtful;
    if (announced_) bus_.end_announced(mux_.answers());
    break_link(RetryReason::connection, "closed by the eventbus");
  } else {
    bus_.goes_on(mux_.answers());
    mux_.limit(bus_.request_limit());
  }
}

// A request that was answered before it had wholly left has now.
void EventbusConnection::settle_early_answer() {
  if (transport_->unsent() != 0) return;
  mux_.held(0);
  if (mux_.left(bus_.context().clock.now()) == Multiplexer::Step::answered) settle_answer();
}

void EventbusConnection::end_of_stream(const error_code& error, Instant now) {
  ended_by_peer_ = true;
  const auto step = mux_.end(now);
  if (step == Multiplexer::Step::answered) settle_answer();
  const auto reason =
      step == Multiplexer::Step::bad ? RetryReason::protocol : RetryReason::connection;
  if (error == asio::error::eof) {
    break_link(reason, "closed by the eventbus");
  } else if (error == TransportError::cut_off) {
    break_link(reason, "closed by the eventbus without a TLS close_notify");
  } else {
    break_link(reason, transport_->describe(error));
  }
}

void EventbusConnection::break_link(RetryReason reason, std::string_view what) noexcept {
  if (broken_) return;
  broken_ = true;
  lost_reason_ = reason;
  // converse() gives back what is unanswered. It is told before anything that needs memory.
  if (transport_) transport_->close();
  ended_.notify_all();
  try {
    last_error_ = what;
    log::debug("eventbus connection ends",
               {{"address", address_}, {"reason", what}, {"unanswered", mux_.in_flight()}});
  } catch (const std::bad_alloc&) {  // NOLINT(bugprone-empty-catch)
    // Only the words are missing.
  }
}

void EventbusConnection::give_back() {
  // The event that was staged first comes last.
  mux_.lost([this](const EventSlot& slot, bool sent) {
    if (sent) lost_event_ = key_of(slot);
    bus_.given_back(slot, sent, announced_, lost_reason_);
  });
  bus_.context().turn_end.request();
}

void EventbusConnection::send() {
  if (unwritable_since_) return;
  while (!broken_ && !mux_.outgoing().empty() && !transport_->blocked()) {
    error_code error;
    mux_.written(transport_->send(mux_.outgoing().pieces(), error));
    heard_only_ = false;
    if (!error) {
      settle_early_answer();
      continue;
    }
    // The answers that have come before are still there to be read.
    unwritable_since_ = bus_.context().clock.now();
    last_error_ = transport_->describe(error);
    transport_->call_again();
    return;
  }
}

// Nothing is there to be sent that would carry the acknowledgement, and more answers are due.
void EventbusConnection::acknowledge_answers() noexcept {
  heard_only_ = false;
  egress::acknowledge(transport_->handle());
}

}  // namespace gateway::egress
