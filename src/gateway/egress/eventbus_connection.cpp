#include "gateway/egress/eventbus_connection.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <functional>
#include <random>

#include "gateway/domain/post.hpp"
#include "gateway/egress/eventbus.hpp"
#include "runtime/log.hpp"

namespace gateway::egress {

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
      socket_(bus.context().executor),
      connect_timer_(bus.context().executor),
      wake_(bus.context().executor),
      mux_(bus.encoder(), bus.settings().pipeline),
      lookup_(bus.context().executor) {}

void EventbusConnection::stop() {
  stopping_ = true;
  wake_.notify_all();
  lookup_.cancel();
  break_link(RetryReason::connection, "stopping");
  error_code ignored;
  socket_.close(ignored);
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
    const tcp::endpoint& endpoint = endpoints[(first + i) % endpoints.size()];
    error_code ignored;
    socket_.close(ignored);
    const unsigned generation = ++generation_;
    socket_.open(endpoint.protocol(), ignored);
    connect_timer_.expires_at(deadline);
    connect_timer_.async_wait([this, generation](const error_code& aborted) {
      error_code unused;
      if (!aborted && generation == generation_) socket_.close(unused);
    });
    auto [error] = co_await socket_.async_connect(endpoint, tuple);
    bool ready = !error;
    if (ready && bus_.tls() != nullptr) ready = co_await secure();
    connect_timer_.cancel();
    if (ready && !stopping_) {
      address_ = endpoint.address().to_string() + ":" + std::to_string(endpoint.port());
      socket_.set_option(tcp::no_delay(true), ignored);
      socket_.non_blocking(true, ignored);
      broken_ = false;
      write_blocked_ = false;
      lost_reason_ = RetryReason::connection;
      mux_.begin();
      co_return true;
    }
    // secure() has said why it failed.
    if (error) {
      last_error_ = error == asio::error::operation_aborted ? "connect timed out" : error.message();
    }
  }
  co_return false;
}

Task<void> EventbusConnection::converse() {
  // What came with the end of the handshake.
  if (tls_) take_sealed({}, bus_.context().clock.now());
  while (!broken_) {
    auto [error, size] = co_await socket_.async_read_some(asio::buffer(input_), tuple);
    const Instant now = bus_.context().clock.refresh();
    if (broken_) break;
    if (error) {
      end_of_stream(error, now);
      break;
    }
    bus_.context().turn_end.turn([&, input = std::string_view(input_.data(), size)] {
      if (tls_) {
        take_sealed(input, now);
      } else {
        take_bytes(input, now);
      }
      bus_.context().turn_end.request();
    });
  }
  ended_oddly_ = mux_.in_flight() != 0 || lost_reason_ == RetryReason::protocol;
  if (ended_oddly_ && !stopping_) mux_.oddity(bus_.context().clock.now());
  error_code ignored;
  ++generation_;
  socket_.close(ignored);
  end_tls();
  give_back();
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
  if (error == asio::error::eof && tls_ && tls_->state() != tls::TlsSession::State::closed) {
    // Anyone on the way could have done that: an answer that ends with the connection is not whole.
    break_link(RetryReason::connection, "closed by the eventbus without a TLS close_notify");
  } else if (error == asio::error::eof) {
    const auto step = mux_.end(now);
    if (step == Multiplexer::Step::answered) settle_answer();
    break_link(step == Multiplexer::Step::bad ? RetryReason::protocol : RetryReason::connection,
               "closed by the eventbus");
  } else {
    break_link(RetryReason::connection, error.message());
  }
}

void EventbusConnection::break_link(RetryReason reason, std::string_view what) {
  if (broken_) return;
  broken_ = true;
  lost_reason_ = reason;
  last_error_ = what;
  log::debug("eventbus connection ends",
             {{"address", address_}, {"reason", what}, {"unanswered", mux_.in_flight()}});
  if (tls_) say_goodbye();
  // Ends the pending read; converse() then gives back what is unanswered.
  error_code ignored;
  socket_.close(ignored);
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
  // A handshake sends what it has sealed itself.
  if (state_ != LinkState::ready) return;
  if (tls_) {
    write_sealed();
    return;
  }
  while (!write_blocked_ && !broken_ && !mux_.outgoing().empty()) {
    const auto pieces = mux_.outgoing().pieces();
    constexpr std::size_t kMostPieces = 1024;  // IOV_MAX of Linux
    msghdr message{};
    message.msg_iov = const_cast<iovec*>(pieces.data());
    message.msg_iovlen = std::min(pieces.size(), kMostPieces);
    const ssize_t sent = ::sendmsg(socket_.native_handle(), &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent >= 0) {
      mux_.written(static_cast<std::size_t>(sent));
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      wait_writable();
    } else if (errno != EINTR) {
      break_link(RetryReason::connection,
                 error_code(errno, boost::system::system_category()).message());
    }
  }
}

void EventbusConnection::wait_writable() {
  write_blocked_ = true;
  socket_.async_wait(Socket::wait_write, [this, generation = generation_](const error_code& error) {
    if (generation != generation_) return;
    write_blocked_ = false;
    if (!error) write();
  });
}

void EventbusConnection::check_timeout(Instant now) {
  if (state_ != LinkState::ready || broken_ || mux_.in_flight() == 0) return;
  if (now - mux_.waiting_since() < bus_.settings().timeout) return;
  break_link(RetryReason::timeout, "no answer within delivery.timeout");
}

}  // namespace gateway::egress
