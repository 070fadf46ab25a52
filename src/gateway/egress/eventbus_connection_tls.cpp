// The connection to an https eventbus. What is staged is sealed in records as large as may be,
// whatever the size of its pieces, and leaves in one write as in plain text.
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <utility>

#include "gateway/egress/client_handshake.hpp"
#include "gateway/egress/eventbus.hpp"
#include "gateway/egress/eventbus_connection.hpp"
#include "runtime/log.hpp"

namespace gateway::egress {
namespace {

using tls::TlsSession;

std::string problem_of(const TlsSession& session) {
  return "TLS: " + session.problem();
}

}  // namespace

Task<bool> EventbusConnection::secure() {
  end_tls();
  tls_ = std::make_unique<TlsSession>(bus_.tls()->current(), bus_.endpoint().host,
                                      std::exchange(ticket_, tls::Ticket()));
  const error_code error = co_await shake_hands(socket_, *tls_, input_);
  if (tls_->state() == TlsSession::State::open && !error) {
    log::debug("TLS with the eventbus",
               {{"version", tls_->version()}, {"resumed", tls_->resumed() ? "yes" : "no"}});
    co_return true;
  }
  if (tls_->state() == TlsSession::State::failed) {
    last_error_ = problem_of(*tls_);
  } else if (error == asio::error::operation_aborted) {
    last_error_ = "TLS handshake timed out";
  } else {
    last_error_ = "TLS handshake: " + error.message();
  }
  end_tls();
  error_code ignored;
  socket_.close(ignored);
  co_return false;
}

void EventbusConnection::end_tls() {
  if (!tls_) return;
  ticket_ = tls_->take_ticket();
  tls_.reset();
  sealed_.clear();
  sealed_sent_ = 0;
}

void EventbusConnection::write_sealed() {
  send_sealed();
  while (sealed_.empty() && !broken_ && !mux_.outgoing().empty()) {
    const std::size_t size = tls_->seal(mux_.outgoing().pieces(), kSealAtOnce, sealed_);
    if (size == 0) {
      break_link(RetryReason::connection, problem_of(*tls_));
      return;
    }
    mux_.written(size);
    send_sealed();
  }
}

void EventbusConnection::send_sealed() {
  while (!write_blocked_ && !broken_ && !sealed_.empty()) {
    const ssize_t sent = ::send(socket_.native_handle(), sealed_.data() + sealed_sent_,
                                sealed_.size() - sealed_sent_, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent >= 0) {
      sealed_sent_ += static_cast<std::size_t>(sent);
      if (sealed_sent_ < sealed_.size()) continue;
      sealed_.clear();
      sealed_sent_ = 0;
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      wait_writable();
    } else if (errno != EINTR) {
      break_link(RetryReason::connection,
                 error_code(errno, boost::system::system_category()).message());
    }
  }
}

void EventbusConnection::take_sealed(std::string_view input, Instant now) {
  std::array<char, std::size_t{16} << 10> plain;  // NOLINT(*-init-variables): read before use
  if (!input.empty()) tls_->receive(input);
  while (!broken_) {
    const std::size_t size = tls_->read(plain, sealed_);
    if (size == 0) break;
    take_bytes({plain.data(), size}, now);
  }
  if (broken_) return;
  tls_->keep_rest();
  if (tls_->state() == TlsSession::State::closed) {
    end_of_stream(asio::error::eof, now);
  } else if (tls_->state() == TlsSession::State::failed) {
    break_link(RetryReason::connection, problem_of(*tls_));
  }
}

// If the socket takes it at once: nothing waits for it.
void EventbusConnection::say_goodbye() {
  std::string out;
  tls_->close(out);
  if (out.empty() || !sealed_.empty()) return;
  static_cast<void>(
      ::send(socket_.native_handle(), out.data(), out.size(), MSG_NOSIGNAL | MSG_DONTWAIT));
}

}  // namespace gateway::egress
