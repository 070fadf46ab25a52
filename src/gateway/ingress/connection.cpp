#include "gateway/ingress/connection.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>
#include <utility>

#include "gateway/domain/answers.hpp"
#include "gateway/ingress/ingress.hpp"
#include "gateway/ingress/proxy_header.hpp"
#include "runtime/log.hpp"

namespace gateway::ingress {
namespace {

using transport::TransportError;

// How long a connection may be idle that exists only to be told that it cannot be served: one
// beyond the limit, or one of the last that were accepted before the gateway stops.
constexpr config::Duration kBriefTime = std::chrono::seconds(1);
// How long a client that was turned away is read from while the gateway stops.
constexpr std::chrono::seconds kHurriedLinger{1};

// For whoever took http for https.
constexpr std::string_view kSpeaksTls = "this port speaks TLS: the scheme is https://";
// For whoever takes the way around the balancer, or whose balancer sends no header.
constexpr std::string_view kNoHeader =
    "no PROXY header: gateway.proxy_protocol is set, so that a balancer that sends one has to be "
    "in front";

// Makes an answer for whom no session can answer yet.
std::string bad_request(std::string_view text) {
  return fmt::format(
      "HTTP/1.1 400 Bad Request\r\n"
      "Content-Type: text/plain; charset=utf-8\r\n"
      "Content-Length: {}\r\n"
      "Connection: close\r\n"
      "\r\n"
      "{}",
      text.size(), text);
}

}  // namespace

Connection::Connection(Ingress& ingress, Descriptor socket, ConnectionCount::Permit permit,
                       const asio::ip::address& peer)
    : ingress_(ingress),
      permit_(std::move(permit)),
      client_(peer),
      progress_(ingress.context().executor),
      transport_(ingress.context().transports, std::move(socket), *this),
      session_(ingress.context().buffers, ingress.limits(), ingress.context().clock.now()),
      handler_(ingress, session_, *this),
      since_(ingress.context().clock.now()) {
  if (ingress.settings().proxy_protocol) {
    phase_ = Phase::header;
  } else {
    begin();
  }
}

void Connection::begin() {
  phase_ = Phase::open;
  if (ingress_.context().tls != nullptr) transport_.accept_tls(*ingress_.context().tls);
}

Task<void> Connection::run() {
  CoroutineLife::Guard life(life_);
  std::exception_ptr failure;
  try {
    co_await serve();
  } catch (...) {
    failure = std::current_exception();
  }
  life.dismiss();
  if (failure) std::rethrow_exception(failure);
}

Task<void> Connection::serve() {
  if (const error_code error = transport_.watch()) {
    throw boost::system::system_error(error, "epoll_ctl");
  }
  while (session_.reading()) co_await progress_.wait();
  while (phase_ == Phase::open && !session_.all_said()) co_await progress_.wait();
  if (phase_ == Phase::open) co_await linger();
  abort();
  if (failure_) std::rethrow_exception(failure_);
}

void Connection::on_ready(bool writable) {
  take_step([this, writable] {
    if (writable) send_rest();
    if (phase_ == Phase::header) {
      read_header();
    } else if (phase_ == Phase::lingering) {
      read_past();
    } else if (session_.reading()) {
      read();
    }
  });
}

inline Connection::Received Connection::receive() {
  const Instant now = ingress_.context().clock.now();
  if (const std::uint64_t unwanted = session_.unwanted(); unwanted != 0) {
    const auto received = transport_.discard(unwanted);
    if (!received.error) session_.discarded(received.size, now);
    return received;
  }
  const auto received = transport_.receive(session_.room());
  if (!received.error) session_.received(received.size, now);
  return received;
}

// A header says no more than a few dozen bytes: it is looked at where it lies until it is complete.
void Connection::read_header() {
  if (!transport_.may_read()) return;
  std::array<char, ProxyHeader::kMost>
      room;  // NOLINT(*-init-variables): filled as far as it is used
  const auto seen = transport_.peek(room);
  if (seen.error == asio::error::would_block) return;
  if (seen.error) {  // nothing was said: somebody asked whether the port is open
    abort();
    return;
  }
  const ProxyHeader header = ProxyHeader::read({room.data(), seen.size});
  if (header.state() == ProxyHeader::State::incomplete) {
    transport_.wait_for_more();
    return;
  }
  if (header.state() == ProxyHeader::State::absent) {
    ingress_.no_proxy_header("absent", client());
    refuse_without_header(room.front());
    return;
  }
  if (header.state() == ProxyHeader::State::malformed) {
    ingress_.no_proxy_header("malformed", client());
    abort();
    return;
  }
  transport_.skip(header.size());
  if (header.client()) {
    client_ = header.client()->address();
    if (ingress_.context().count.counts_sources()) permit_.attribute_to(Source(client_));
    if (permit_.beyond() == ConnectionLimit::source) {
      ingress_.context().metrics.connections_refused[ConnectionLimit::source].add();
    }
    if (permit_.far_beyond()) {
      abort();
      return;
    }
  }
  session_.heard(ingress_.context().clock.now());
  begin();
  transport_.call_again();
}

// What begins with a capital letter is a request of HTTP, as methods are written so; what else
// there is, above all TLS, would not understand the answer.
void Connection::refuse_without_header(char first) {
  if (first < 'A' || first > 'Z') {
    abort();
    return;
  }
  phase_ = Phase::open;
  send(bad_request(kNoHeader));
  session_.stop();  // what it was told is to be read before the connection goes
  progress_.notify_all();
}

void Connection::read() {
  if (held_up_ && !session_.paused()) {
    held_up_ = false;
    session_.resume(ingress_.context().clock.now());
    process();
  }
  const unsigned before = transport_.socket_reads();
  while (session_.reading() && transport_.may_receive()) {
    if (session_.paused()) {
      held_up_ = true;
      return;
    }
    if (transport_.socket_reads() - before >= kMostReads) {
      transport_.call_again();
      return;
    }
    const Received received = receive();
    if (received.error) {
      if (received.error != asio::error::would_block) end_of_input(received.error);
      return;
    }
    if (!transport_.may_receive()) {
      ingress_.process_later(*this, received.size);
      return;
    }
    process();
  }
}

void Connection::process_received() {
  take_step([this] { process(); });
}

void Connection::end_of_input(const error_code& error) {
  if (error == asio::error::eof || error == TransportError::cut_off) {
    // The client may have closed its side only, and still wait for answers. If that was not said in
    // TLS, somebody on the way may have cut it off: what is not complete is nothing either way.
    session_.end();
  } else if (error == TransportError::handshake_cut_off) {
    count_tls_failure(TlsFailure::gone, error.message());
    abort();
  } else if (error.category() == transport::transport_category()) {
    if (error == TransportError::plain_http) send(bad_request(kSpeaksTls));
    const bool plain = error == TransportError::plain_http;
    const bool certificate = error == TransportError::certificate;
    count_tls_failure(plain         ? TlsFailure::plain_text
                      : certificate ? TlsFailure::certificate
                                    : TlsFailure::protocol,
                      transport_.describe(error));
    session_.stop();  // what it was told is to be read before the connection goes
  } else {
    abort();
  }
}

void Connection::on_secured(const tls::TlsSession& session) {
  session_.heard(ingress_.context().clock.refresh());
  ingress_.context().metrics.tls_handshakes.add();
  if (session.resumed()) ingress_.context().metrics.tls_resumptions.add();
  if (!log::enabled(log::Level::debug)) return;
  log::debug("TLS client", {{"client", client()},
                            {"version", session.version()},
                            {"resumed", session.resumed() ? "yes" : "no"},
                            {"subject", session.peer_subject()}});
}

void Connection::count_tls_failure(TlsFailure why, std::string_view reason) {
  ingress_.context().metrics.tls_failures[why].add();
  if (!log::enabled(log::Level::debug)) return;
  log::debug("TLS failed", {{"client", client()}, {"reason", reason}});
}

void Connection::process() {
  if (phase_ != Phase::open) return;
  handler_.process(permit_.beyond());
  held_up_ = session_.reading() && session_.paused();
  if (session_.owes_leave()) ingress_.flush_later(*this);
}

void Connection::answer_ready(Post& /*post*/) {
  ingress_.flush_later(*this);
}

void Connection::flush() {
  try {
    write_answers();
  } catch (...) {
    failure_ = std::current_exception();
    abort();
  }
}

void Connection::write_answers() {
  if (phase_ == Phase::closed) return;
  std::string& out = ingress_.scratch();
  out.clear();
  const Clock& clock = ingress_.context().clock;
  const WallInstant wall = clock.wall(clock.now());
  while (Post* const post =
             session_.write_answer(out, ingress_.reply_text(), wall, ingress_.leaving())) {
    if (ingress_.authenticator() != nullptr) ingress_.authenticator()->answered(*post);
    ingress_.context().ledger.answer_taken(*post, clock.now());
  }
  session_.write_leave(out, clock.now());
  if (!out.empty()) send(out);
  if (!session_.reading()) {
    progress_.notify_all();
  } else if (held_up_ && !session_.paused()) {
    transport_.call_again();
  }
}

void Connection::send(std::string_view bytes) {
  while (!bytes.empty() && session_.unsent().empty() && !transport_.blocked()) {
    error_code error;
    bytes.remove_prefix(transport_.send(bytes, error));
    if (error) {
      abort();
      return;
    }
  }
  if (!bytes.empty()) session_.keep_unsent(bytes);
  // The socket may have been full before, of what TLS itself had to say.
  if (transport_.blocked() && !session_.blocked()) {
    session_.set_blocked(true, ingress_.context().clock.now());
  }
}

void Connection::send_rest() {
  session_.set_blocked(false, ingress_.context().clock.now());
  while (!session_.unsent().empty() && !transport_.blocked()) {
    error_code error;
    session_.sent(transport_.send(session_.unsent(), error));
    if (error) {
      abort();
      return;
    }
  }
  if (transport_.blocked()) session_.set_blocked(true, ingress_.context().clock.now());
}

void Connection::check_timeouts(Instant now) {
  if (phase_ == Phase::closed) return;
  const config::Ingress& settings = ingress_.settings();
  const bool brief = permit_.beyond() || ingress_.draining();
  const bool shakes_hands = transport_.stage() == transport::Transport::Stage::handshake;
  if (shakes_hands || phase_ == Phase::header) {
    const config::Duration limit = brief ? kBriefTime : settings.request_timeout;
    if (now - since_ < limit) return;
    if (shakes_hands) {
      count_tls_failure(TlsFailure::timeout, "not complete within gateway.request_timeout");
    } else {
      ingress_.no_proxy_header("not complete in time", client());
    }
    abort();
    return;
  }
  const config::Duration idle = brief ? kBriefTime : settings.idle_timeout;
  switch (session_.due(now, idle)) {
    case Session::Due::nothing: return;
    case Session::Due::timeout:
      handler_.turn_away(
          answers::refused(408, "request not complete within gateway.request_timeout", true));
      break;
    case Session::Due::give_up: session_.stop(); break;
    case Session::Due::idle: session_.end_idle(); break;
    case Session::Due::cut: abort(); break;
  }
  progress_.notify_all();
}

std::optional<Instant> Connection::idle_since() const noexcept {
  if (phase_ == Phase::lingering || phase_ == Phase::closed) return std::nullopt;
  return session_.idle_since();
}

bool Connection::end_if_idle() {
  if (!idle_since() || transport_.has_unread()) return false;
  session_.end_idle();
  progress_.notify_all();
  return true;
}

void Connection::hurry(Instant now) {
  if (phase_ == Phase::lingering) session_.linger(now, kHurriedLinger);
}

// Closing while the client still sends would have the kernel tell it so at once, and its answer be
// forgotten: its bytes are discarded until it has read the answer and closes, or time is up.
Task<void> Connection::linger() {
  transport_.finish();
  if (!session_.must_linger()) co_return;
  phase_ = Phase::lingering;
  session_.linger(ingress_.context().clock.now(),
                  ingress_.draining() ? kHurriedLinger : Session::kMostLinger);
  transport_.call_again();
  while (phase_ == Phase::lingering) co_await progress_.wait();
}

void Connection::read_past() {
  const unsigned before = transport_.socket_reads();
  while (transport_.may_receive()) {
    if (transport_.socket_reads() - before >= kMostReads) {
      transport_.call_again();
      return;
    }
    const auto received = transport_.discard(UINT64_MAX);
    if (received.error == asio::error::would_block) return;
    if (received.error) {
      abort();
      return;
    }
    session_.heard(ingress_.context().clock.now());
  }
}

void Connection::abort() {
  if (phase_ == Phase::closed) return;
  phase_ = Phase::closed;
  session_.end();
  handler_.release();
  transport_.close();
  forget_answers();
  progress_.notify_all();
}

void Connection::forget_answers() {
  while (Post* const post = session_.drop_answer()) {
    if (ingress_.authenticator() != nullptr) ingress_.authenticator()->unanswered(*post);
    ingress_.context().ledger.owner_gone(*post);
  }
}

}  // namespace gateway::ingress
