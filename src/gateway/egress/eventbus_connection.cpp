#include "gateway/egress/eventbus_connection.hpp"

#include <functional>
#include <random>

#include "gateway/domain/post.hpp"
#include "gateway/egress/eventbus.hpp"
#include "runtime/log.hpp"

namespace gateway::egress {

using transport::TransportError;

namespace {

// Tells one event from another; only on the way of a lost connection.
EndpointHealth::Suspect name_of(const EventSlot& slot) {
  const auto& passed_on = slot.post->passed_on;
  if (passed_on.empty()) return slot.id.high() ^ slot.id.low();
  EndpointHealth::Suspect name = 0;
  for (const auto& attribute : passed_on[slot.index].attributes) {
    name = name * 31 + std::hash<std::string_view>{}(attribute.value);
  }
  return name;
}

}  // namespace

EventbusConnection::EventbusConnection(Eventbus& bus, unsigned number)
    : bus_(bus),
      number_(number),
      wake_(bus.context().executor),
      ended_(bus.context().executor),
      mux_(bus.encoder(), bus.settings().pipeline),
      lookup_(bus.context().executor) {}

void EventbusConnection::stop() {
  stopping_ = true;
  wake_.notify_all();
  lookup_.cancel();
  if (dial_ != nullptr) dial_->cancel();
  break_link(RetryReason::connection, "stopping");
}

Task<void> EventbusConnection::run() {
  bool on_demand = false;
  while (!stopping_) {
    // After a quiet end nobody is hurried: the next event opens the connection.
    if (on_demand && !bus_.has_demand()) {
      state_ = LinkState::idle;
      co_await wake_.wait();
      continue;
    }
    if (!bus_.may_connect()) {
      state_ = LinkState::backing_off;
      co_await wake_.wait_until(bus_.connects_at());
      continue;
    }
    state_ = LinkState::connecting;
    bus_.connecting();
    const bool connected = co_await connect();
    if (!connected) {
      on_demand = false;
      if (stopping_) break;
      state_ = LinkState::backing_off;
      bus_.connect_failed(address_, last_error_);
      continue;
    }
    answered_any_ = false;
    suspect_.reset();
    state_ = LinkState::ready;
    bus_.connection_ready();
    co_await converse();
    if (stopping_) break;
    on_demand = report_end();
  }
  state_ = LinkState::idle;
}

bool EventbusConnection::report_end() {
  using End = EndpointHealth::End;
  // Many servers close what they find idle: no fault, and no hurry.
  const bool quiet = !ended_oddly_ && (answered_any_ || !bus_.has_demand());
  const End end = quiet ? End::quiet : answered_any_ ? End::broken : End::useless;
  state_ = end == End::useless ? LinkState::backing_off : LinkState::idle;
  bus_.connection_ended(end, answered_any_, suspect_, address_, last_error_);
  return end != End::useless;
}

Task<std::vector<tcp::endpoint>> EventbusConnection::resolve(Instant deadline) {
  const auto& endpoint = bus_.endpoint();
  auto found = co_await lookup_.resolve(endpoint.host, endpoint.port, deadline);
  if (!found) {
    last_error_ = "name look-up: " + found.error().message();
    co_return std::vector<tcp::endpoint>();
  }
  co_return std::move(*found);
}

// Tries the addresses one after the other, each connection of the process beginning at another one,
// so that an eventbus of several hosts is used evenly.
Task<bool> EventbusConnection::connect() {
  const Instant deadline = bus_.context().clock.refresh() + bus_.settings().timeout;
  address_ = bus_.endpoint().host + ":" + std::to_string(bus_.endpoint().port);
  const std::vector<tcp::endpoint> endpoints = co_await resolve(deadline);
  static thread_local std::minstd_rand spread{std::random_device{}()};
  const std::size_t first =
      endpoints.empty() ? 0 : (spread() + number_ + connects_) % endpoints.size();
  ++connects_;

  for (std::size_t i = 0; i < endpoints.size() && !stopping_; ++i) {
    const tcp::endpoint endpoint = endpoints[(first + i) % endpoints.size()];
    const bool connected = co_await dial(endpoint, deadline);
    if (!connected) continue;
    address_ = endpoint.address().to_string() + ":" + std::to_string(endpoint.port());
    broken_ = false;
    lost_reason_ = RetryReason::connection;
    mux_.begin();
    co_return true;
  }
  co_return false;
}

Task<bool> EventbusConnection::dial(tcp::endpoint to, Instant deadline) {
  transport::Dial dial(bus_.context().transports, bus_.context().executor);
  dial_ = &dial;
  std::string step = "connect";
  error_code error = co_await dial.connect(to, deadline);
  if (!error && bus_.tls() != nullptr) {
    step = "TLS handshake";
    auto session = std::make_unique<tls::TlsSession>(bus_.tls()->current(), bus_.endpoint().host,
                                                     std::exchange(ticket_, tls::Ticket()));
    error = co_await dial.secure(std::move(session), deadline);
  }
  dial_ = nullptr;
  if (stopping_) co_return false;
  if (error) {
    if (error == asio::error::timed_out) {
      last_error_ = step + " timed out";
    } else {
      last_error_ = dial.describe(error);
    }
    co_return false;
  }
  transport_ = dial.take();
  transport_->set_user(*this);
  if (const tls::TlsSession* const session = transport_->tls()) {
    log::debug("TLS with the eventbus",
               {{"version", session->version()}, {"resumed", session->resumed() ? "yes" : "no"}});
  }
  co_return true;
}

Task<void> EventbusConnection::converse() {
  // Something may have come with the end of the handshake.
  transport_->call_again();
  while (!broken_) co_await ended_.wait();
  ended_oddly_ = mux_.in_flight() != 0 || lost_reason_ == RetryReason::protocol;
  if (ended_oddly_ && !stopping_) mux_.oddity(bus_.context().clock.now());
  if (transport_->tls() != nullptr) ticket_ = transport_->tls()->take_ticket();
  transport_.reset();
  give_back();
  if (failure_) std::rethrow_exception(failure_);
}

void EventbusConnection::on_ready(bool writable) {
  if (broken_) return;
  try {
    if (writable) write();
    read();
  } catch (...) {
    failure_ = std::current_exception();
    break_link(RetryReason::connection, "internal error");
  }
  bus_.context().turn_end.request();
}

void EventbusConnection::read() {
  const Instant now = bus_.context().clock.now();
  const unsigned until = transport_->socket_reads() + kMostReads;
  while (!broken_ && transport_->may_receive()) {
    if (transport_->socket_reads() == until) {
      transport_->call_again();
      return;
    }
    const auto received = transport_->receive(input_);
    if (received.error == asio::error::would_block) return;
    if (received.error) {
      end_of_stream(received.error, now);
      return;
    }
    take_bytes({input_.data(), received.size}, now);
  }
}

void EventbusConnection::take_bytes(std::string_view input, Instant now) {
  while (!broken_) {
    switch (mux_.next(input, now)) {
      case Multiplexer::Step::need_more:
        return;
      case Multiplexer::Step::answered:
        settle_answer();
        break;
      case Multiplexer::Step::surplus:
        break_link(RetryReason::protocol, "an answer that no request was sent for");
        break;
      case Multiplexer::Step::bad:
        break_link(RetryReason::protocol, mux_.problem());
        break;
    }
  }
}

void EventbusConnection::settle_answer() {
  if (!answered_any_) {
    answered_any_ = true;
    bus_.connection_proven();
  }
  bool leads = true;
  while (mux_.answered_events() != 0) {
    bus_.answered(mux_.take_answered(), mux_.response(), mux_.answered_staged(), leads);
    leads = false;
  }
  if (mux_.cut_short()) {
    break_link(RetryReason::protocol, "answered before the request was complete");
  } else if (mux_.response().close) {
    break_link(RetryReason::connection, "closed by the eventbus");
  }
}

void EventbusConnection::end_of_stream(const error_code& error, Instant now) {
  if (error == asio::error::eof) {
    const auto step = mux_.end(now);
    if (step == Multiplexer::Step::answered) settle_answer();
    break_link(step == Multiplexer::Step::bad ? RetryReason::protocol : RetryReason::connection,
               "closed by the eventbus");
  } else if (error == TransportError::cut_off) {
    // Anyone on the way could have done that: an answer that ends with the connection is not whole.
    break_link(RetryReason::connection, "closed by the eventbus without a TLS close_notify");
  } else {
    break_link(RetryReason::connection, transport_->describe(error));
  }
}

void EventbusConnection::break_link(RetryReason reason, std::string_view what) {
  if (broken_) return;
  broken_ = true;
  lost_reason_ = reason;
  last_error_ = what;
  log::debug("eventbus connection ends",
             {{"address", address_}, {"reason", what}, {"unanswered", mux_.in_flight()}});
  // converse() gives back what is unanswered.
  if (transport_) transport_->close();
  ended_.notify_all();
}

void EventbusConnection::give_back() {
  // The event that was staged first comes last.
  mux_.lost([this](const EventSlot& slot, bool sent) {
    if (sent) suspect_ = name_of(slot);
    bus_.given_back(slot, sent, lost_reason_);
  });
  bus_.context().turn_end.request();
}

void EventbusConnection::write() {
  if (state_ != LinkState::ready) return;
  while (!broken_ && !mux_.outgoing().empty() && !transport_->blocked()) {
    error_code error;
    mux_.written(transport_->send(mux_.outgoing().pieces(), error));
    if (error) break_link(RetryReason::connection, transport_->describe(error));
  }
}

void EventbusConnection::check_timeout(Instant now) {
  if (state_ != LinkState::ready || broken_ || mux_.in_flight() == 0) return;
  if (now - mux_.waiting_since() < bus_.settings().timeout) return;
  break_link(RetryReason::timeout, "no answer within delivery.timeout");
}

}  // namespace gateway::egress
