// A client's connection when it speaks TLS. Bytes are read into a buffer all connections of the
// shard share, as soon as there are some: an idle connection holds none, and one that waits with
// its handshake not even a session.
#include <sys/socket.h>

#include <boost/asio/error.hpp>
#include <string>
#include <utility>

#include "gateway/ingress/connection.hpp"
#include "gateway/ingress/ingress.hpp"
#include "runtime/log.hpp"

namespace gateway::ingress {
namespace {

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

std::string peer_of(int socket) {
  tcp::endpoint peer;
  auto size = static_cast<socklen_t>(peer.capacity());
  if (::getpeername(socket, peer.data(), &size) != 0) return "gone";
  peer.resize(size);
  return peer.address().to_string();
}

}  // namespace

void Connection::handshake_step() {
  if (phase_ != Phase::reading) return;
  take_step([this] { shake_hands(); });
  read();
}

void Connection::shake_hands() {
  const std::span<char> room = ingress_.sealed_input();
  const Received received = receive(room);
  if (received.error == asio::error::would_block) return;
  if (received.error) {
    // Who has said nothing may have been asking whether the port is open.
    if (tls_) ingress_.context().metrics.tls_failures[TlsFailure::gone].add();
    abort();
    return;
  }
  const std::string_view bytes(room.data(), received.size);
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
    log::debug("TLS handshake failed", {{"client", peer_of(handle())}, {"reason", text}});
  }
  tls_.reset();
  if (why == TlsFailure::timeout) {
    abort();
  } else {
    stop_reading();  // what was answered is to be read before the connection goes
  }
}

void Connection::receive_sealed(std::span<const char> bytes) {
  tls_->receive({bytes.data(), bytes.size()});
  open_sealed();
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
