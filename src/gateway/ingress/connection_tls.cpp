// A client's connection when it speaks TLS. Bytes are read into a buffer all connections of the
// shard share, as soon as there are some: an idle connection holds none, and one that waits with
// its handshake not even a session.
#include <sys/socket.h>

#include <cerrno>
#include <utility>

#include "gateway/ingress/connection.hpp"
#include "gateway/ingress/ingress.hpp"
#include "runtime/log.hpp"

namespace gateway::ingress {
namespace {

using observe::TlsFailure;
using tls::TlsSession;

// For whoever took http for https.
constexpr std::string_view kPlainTextAnswer =
    "HTTP/1.1 400 Bad Request\r\n"
    "Content-Type: text/plain; charset=utf-8\r\n"
    "Content-Length: 44\r\n"
    "Connection: close\r\n"
    "\r\n"
    "this port speaks TLS: the scheme is https://";

// A connection beyond the limit exists only to be told so.
constexpr std::chrono::seconds kOverLimitHandshake{1};

constexpr char kHandshakeRecord = 0x16;  // RFC 8446 section 5.1

bool looks_like_http(char first) noexcept {
  return first >= 'A' && first <= 'Z';
}

}  // namespace

Task<void> Connection::read_sealed() {
  request_since_ = ingress_.context().clock.refresh();
  while (phase_ == Phase::reading) {
    if (paused()) {
      co_await progress_.wait();
      if (phase_ == Phase::reading && !paused()) {
        request_since_ = ingress_.context().clock.refresh();
        process();
        open_sealed();
      }
      continue;
    }
    auto [error] = co_await socket_.async_wait(Socket::wait_read, tuple);
    last_activity_ = ingress_.context().clock.refresh();
    if (phase_ != Phase::reading) break;
    if (error) {
      abort();
    } else if (handshaking_) {
      ingress_.await_handshake(*this);
      while (phase_ == Phase::reading && handshake_hook.is_linked()) co_await progress_.wait();
    } else {
      receive_sealed();
    }
  }
}

void Connection::handshake_step() {
  if (phase_ != Phase::reading) return;
  progress_.notify_all();
  guarded([this] { shake_hands(); });
}

void Connection::shake_hands() {
  const std::span<char> room = ingress_.sealed_input();
  const ssize_t size = ::recv(socket_.native_handle(), room.data(), room.size(), MSG_DONTWAIT);
  if (size < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (size <= 0) {
    // Who has said nothing may have been asking whether the port is open.
    if (tls_) ingress_.context().metrics.tls_failures[TlsFailure::gone].add();
    abort();
    return;
  }
  const std::string_view bytes(room.data(), static_cast<std::size_t>(size));
  if (!tls_) {
    if (bytes.front() != kHandshakeRecord) {
      const bool http = looks_like_http(bytes.front());
      if (http) send(kPlainTextAnswer);
      end_handshake(http ? TlsFailure::plain_text : TlsFailure::protocol, "not TLS");
      return;
    }
    tls_ = std::make_unique<TlsSession>(ingress_.context().tls->current());
  }
  tls_->receive(bytes);
  std::string& out = ingress_.sealed_scratch();
  out.clear();
  const TlsSession::State state = tls_->handshake(out);
  tls_->keep_rest();
  if (!out.empty()) send(out);
  if (phase_ != Phase::reading || state == TlsSession::State::handshake) return;
  if (state == TlsSession::State::failed) {
    end_handshake(tls_->fault() == TlsSession::Fault::certificate ? TlsFailure::certificate
                                                                  : TlsFailure::protocol,
                  tls_->problem());
    return;
  }
  handshaking_ = false;
  last_activity_ = ingress_.context().clock.refresh();
  ingress_.context().metrics.tls_handshakes.add();
  if (tls_->resumed()) ingress_.context().metrics.tls_resumptions.add();
  if (log::enabled(log::Level::debug)) {
    log::debug("TLS client", {{"version", tls_->version()},
                              {"resumed", tls_->resumed() ? "yes" : "no"},
                              {"subject", tls_->peer_subject()}});
  }
  // The first request may have come with the end of the handshake.
  open_sealed();
}

bool Connection::handshake_overdue(Instant now) const {
  const config::Duration limit =
      place_.beyond() ? config::Duration(kOverLimitHandshake) : ingress_.settings().request_timeout;
  return now - request_since_ >= limit;
}

void Connection::end_handshake(TlsFailure why, std::string_view text) {
  ingress_.context().metrics.tls_failures[why].add();
  if (log::enabled(log::Level::debug)) {
    error_code unknown;
    log::debug(
        "TLS handshake failed",
        {{"client", socket_.remote_endpoint(unknown).address().to_string()}, {"reason", text}});
  }
  tls_.reset();
  if (why == TlsFailure::timeout) {
    abort();
  } else {
    stop_reading();  // what was answered is to be read before the connection goes
  }
}

void Connection::receive_sealed() {
  const std::span<char> room = ingress_.sealed_input();
  const ssize_t size = ::recv(socket_.native_handle(), room.data(), room.size(), MSG_DONTWAIT);
  if (size > 0) {
    tls_->receive({room.data(), static_cast<std::size_t>(size)});
    open_sealed();
  } else if (size == 0) {
    // Not said in TLS, so that somebody on the way may have cut it off: what is not complete is
    // nothing, as it is in plain text.
    phase_ = Phase::answering;
  } else if (errno != EAGAIN && errno != EINTR) {
    abort();
  }
}

void Connection::open_sealed() {
  std::string out;
  while (phase_ == Phase::reading && !paused()) {
    const std::size_t size = tls_->read(reader_.prepare(), out);
    if (size == 0) break;
    reader_.commit(size);
    process();
  }
  if (phase_ == Phase::closed) return;
  tls_->keep_rest();
  if (!out.empty()) send(out);
  if (phase_ != Phase::reading) return;
  if (tls_->state() == TlsSession::State::closed) {
    phase_ = Phase::answering;
  } else if (tls_->state() == TlsSession::State::failed) {
    ingress_.context().metrics.tls_failures[TlsFailure::protocol].add();
    log::debug("TLS connection failed", {{"reason", tls_->problem()}});
    abort();
  }
}

void Connection::send_sealed(std::string_view bytes) {
  std::string& out = ingress_.sealed_scratch();
  out.clear();
  if (tls_->seal(bytes, out)) {
    send(out);
  } else {
    abort();
  }
}

void Connection::say_goodbye() {
  if (phase_ != Phase::answering) return;
  std::string out;
  tls_->close(out);
  if (!out.empty()) send(out);
}

}  // namespace gateway::ingress
