#include "gateway/transport/transport.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/error.hpp>
#include <cerrno>
#include <new>
#include <utility>

#include "gateway/transport/transports.hpp"
#include "runtime/kept_memory.hpp"

namespace gateway::transport {
namespace {

using tls::TlsSession;

constexpr std::size_t kMostPieces = 1024;  // IOV_MAX of Linux
constexpr char kHandshakeRecord = 0x16;    // RFC 8446 section 5.1
constexpr int kSendFlags = MSG_NOSIGNAL | MSG_DONTWAIT;

bool looks_like_http(char first) noexcept {
  return first >= 'A' && first <= 'Z';
}

error_code last_error() noexcept {
  return {errno, boost::system::system_category()};
}

bool is_full(int error) noexcept {
  return error == EAGAIN || error == EWOULDBLOCK;
}

}  // namespace

Transport::Transport(Transports& shared, Descriptor socket, User& user, Precedence precedence)
    : WatchedSocket(shared.readiness_, std::move(socket), precedence),
      shared_(shared),
      user_(&user) {}

Transport::~Transport() {
  shared_.leave_handshakes(*this);
}

error_code Transport::connect(const tcp::endpoint& to) {
  stage_ = Stage::connecting;
  if (::connect(handle(), to.data(), static_cast<socklen_t>(to.size())) != 0 &&
      errno != EINPROGRESS) {
    return last_error();
  }
  watches_both_ = true;
  return watch_both();
}

void Transport::accept_tls(const tls::TlsSource& source) noexcept {
  accepts_ = &source;
  stage_ = Stage::handshake;
}

void Transport::begin_tls(std::unique_ptr<TlsSession> session) {
  tls_ = std::move(session);
  stage_ = Stage::handshake;
  judge_handshake();
}

std::string Transport::describe(const error_code& error) const {
  if (error == asio::error::eof) return "closed by the peer";
  if (!problem_.empty() && error == error_) return "TLS: " + problem_;
  return error.message();
}

void Transport::on_ready(bool writable) {
  if (stage_ == Stage::open && !tls_) [[likely]] {
    if (writable) blocked_ = false;
    user_->on_ready(writable);
    return;
  }
  on_ready_otherwise(writable);
}

void Transport::on_ready_otherwise(bool writable) {
  if (writable && blocked_) {
    blocked_ = false;
    if (unsent() != 0) send_held();
  }
  if (stage_ == Stage::connecting) {
    if (writable) finish_connecting();
    return;
  }
  if (stage_ == Stage::handshake) {
    if (!may_read()) return;
    if (accepts_ != nullptr) {
      shared_.await_handshake(*this);
    } else {
      take_handshake_step();
    }
    return;
  }
  user_->on_ready(writable && !blocked_);
  // What was received lies in a buffer that others will use.
  if (tls_) tls_->keep_rest();
}

void Transport::finish_connecting() {
  int error = 0;
  socklen_t size = sizeof error;
  if (::getsockopt(handle(), SOL_SOCKET, SO_ERROR, &error, &size) != 0) error = errno;
  stage_ = Stage::open;
  if (error != 0) fail(error_code(error, boost::system::system_category()));
  user_->on_ready(true);
}

// Takes a step of the handshake and tells the user if it was the last.
void Transport::take_handshake_step() {
  try {
    receive_handshake();
  } catch (const std::bad_alloc&) {
    fail(asio::error::no_memory);
  }
  if (stage_ != Stage::handshake) {
    on_ready(false);
  } else if (may_read()) {
    call_again();
  }
}

void Transport::receive_handshake() {
  const std::span<char> room = shared_.encrypted_input();
  const Received received = WatchedSocket::receive(room);
  if (received.error == asio::error::would_block) return;
  if (received.error) {
    // Who has said nothing may have been asking whether the port is open.
    fail(tls_ && received.error == asio::error::eof
             ? make_error_code(TransportError::handshake_cut_off)
             : received.error);
    return;
  }
  const std::string_view bytes(room.data(), received.size);
  if (!tls_) begin_session(bytes);
  if (!tls_) return;
  tls_->receive(bytes);
  judge_handshake();
  if (tls_) tls_->keep_rest();
}

void Transport::begin_session(std::string_view first) {
  if (first.front() == kHandshakeRecord) {
    tls_ = std::make_unique<TlsSession>(accepts_->current());
  } else {
    fail(looks_like_http(first.front()) ? TransportError::plain_http : TransportError::not_tls);
  }
}

void Transport::judge_handshake() {
  std::string& out = shared_.encrypted_output();
  const TlsSession::State state = tls_->handshake(out);
  if (!out.empty()) send_encrypted(out);
  if (state == TlsSession::State::failed) {
    const bool certificate = tls_->fault() == TlsSession::Fault::certificate;
    fail(certificate ? TransportError::certificate : TransportError::protocol, tls_->problem());
  } else if (state != TlsSession::State::handshake && stage_ == Stage::handshake) {
    stage_ = Stage::open;
    decrypting_ = true;  // the first bytes may have come with the end of the handshake
    user_->on_secured(*tls_);
  }
}

void Transport::fail(const error_code& error, std::string_view problem) {
  if (stage_ == Stage::failed) return;
  stage_ = Stage::failed;
  error_ = error;
  problem_ = problem;
}

Transport::Received Transport::receive_otherwise(std::span<char> room) {
  if (stage_ == Stage::failed) return {0, error_};
  if (stage_ != Stage::open) return {0, asio::error::would_block};
  for (;;) {
    std::string& out = shared_.encrypted_output();
    const std::size_t size = tls_->read(room, out);
    if (!out.empty()) send_encrypted(out);
    if (size != 0) return {size, {}};
    decrypting_ = false;
    if (tls_->state() == TlsSession::State::closed) return {0, asio::error::eof};
    if (tls_->state() == TlsSession::State::failed) {
      fail(TransportError::protocol, tls_->problem());
      return {0, error_};
    }
    if (!may_read()) return {0, asio::error::would_block};
    const std::span<char> encrypted = shared_.encrypted_input();
    ++socket_reads_;
    const Received received = WatchedSocket::receive(encrypted);
    if (received.error) {
      // Anyone on the way can end a TCP connection.
      return {0, received.error == asio::error::eof ? make_error_code(TransportError::cut_off)
                                                    : received.error};
    }
    tls_->receive({encrypted.data(), received.size});
    decrypting_ = true;
  }
}

Transport::Received Transport::discard(std::uint64_t most) {
  const std::span<char> all = shared_.unwanted();
  const std::span<char> room = all.first(std::min<std::uint64_t>(most, all.size()));
  if (stage_ == Stage::finished || (stage_ == Stage::open && !tls_)) {
    ++socket_reads_;
    return WatchedSocket::discard(room);
  }
  return receive_otherwise(room);
}

void Transport::skip(std::size_t size) noexcept {
  const std::span<char> all = shared_.unwanted();
  while (size != 0) {
    const Received received = WatchedSocket::discard(all.first(std::min(size, all.size())));
    if (received.error) return;
    size -= received.size;
  }
}

std::size_t Transport::send(std::span<const iovec> pieces, error_code& error) {
  if (tls_) return encrypt(pieces, error);
  msghdr message{};
  message.msg_iov = const_cast<iovec*>(pieces.data());
  message.msg_iovlen = std::min(pieces.size(), kMostPieces);
  const ssize_t sent = ::sendmsg(handle(), &message, kSendFlags);
  if (sent >= 0) [[likely]]
    return static_cast<std::size_t>(sent);
  return not_sent(error);
}

std::size_t Transport::send(std::string_view bytes, error_code& error) {
  if (tls_) {
    const iovec piece{const_cast<char*>(bytes.data()), bytes.size()};
    return encrypt(std::span(&piece, 1), error);
  }
  const ssize_t sent = ::send(handle(), bytes.data(), bytes.size(), kSendFlags);
  if (sent >= 0) [[likely]]
    return static_cast<std::size_t>(sent);
  return not_sent(error);
}

std::size_t Transport::not_sent(error_code& error) {
  if (is_full(errno)) {
    block();
  } else if (errno != EINTR) {
    error = last_error();
  }
  return 0;
}

std::size_t Transport::encrypt(std::span<const iovec> pieces, error_code& error) {
  if (write_error_) error = write_error_;
  if (blocked_ || write_error_) return 0;
  std::string& out = shared_.encrypted_output();
  const std::size_t taken = tls_->encrypt(pieces, kEncryptAtOnce, out);
  if (taken == 0) {
    fail(TransportError::protocol, tls_->problem());
    error = error_;
    return 0;
  }
  send_encrypted(out);
  error = stage_ == Stage::failed ? error_ : write_error_;
  return taken;
}

void Transport::send_encrypted(std::string_view bytes) {
  if (unsent() == 0 && !write_error_) bytes.remove_prefix(write(bytes));
  if (unsent() + bytes.size() > kMostHeld) {
    fail(TransportError::protocol, "it reads nothing of what TLS itself has to say");
    return;
  }
  held_ += bytes;
}

void Transport::send_held() {
  if (write_error_) return;
  held_sent_ += write(std::string_view(held_).substr(held_sent_));
  if (unsent() != 0) return;
  free_memory(held_);
  held_sent_ = 0;
}

std::size_t Transport::write(std::string_view bytes) {
  const std::size_t all = bytes.size();
  while (!bytes.empty()) {
    const ssize_t sent = ::send(handle(), bytes.data(), bytes.size(), kSendFlags);
    if (sent >= 0) {
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    } else if (is_full(errno)) {
      block();
      return all - bytes.size();
    } else if (errno != EINTR) {
      // What has come before is still there to be received.
      write_error_ = last_error();
      if (stage_ == Stage::handshake) fail(write_error_);
      return all - bytes.size();
    }
  }
  return all;
}

// The socket is full: on_ready(true) tells when it is not any more.
void Transport::block() {
  blocked_ = true;
  if (watches_both_) return;
  watches_both_ = true;
  if (const error_code error = watch_writable()) fail(error);
}

void Transport::say_goodbye() {
  if (!tls_ || unsent() != 0 || stage_ != Stage::open) return;
  std::string& out = shared_.encrypted_output();
  tls_->close(out);
  if (!out.empty()) static_cast<void>(::send(handle(), out.data(), out.size(), kSendFlags));
}

void Transport::finish() {
  say_goodbye();
  ::shutdown(handle(), SHUT_WR);
  stage_ = Stage::finished;
}

void Transport::close() {
  if (handle() < 0) return;
  say_goodbye();
  shared_.leave_handshakes(*this);
  stage_ = Stage::failed;
  if (!error_) error_ = asio::error::operation_aborted;
  WatchedSocket::close();
}

}  // namespace gateway::transport
