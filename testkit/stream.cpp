#include "testkit/stream.hpp"

#include <netinet/tcp.h>
#include <openssl/err.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <stdexcept>

namespace gateway::test {
namespace {

// What one call takes off the socket of a TLS stream.
constexpr std::size_t kSealedRoom = std::size_t{64} << 10;

std::span<char> sealed_room() {
  thread_local std::array<char, kSealedRoom> room;
  return room;
}

const sockaddr* generic(const sockaddr_in& address) {
  return reinterpret_cast<const sockaddr*>(&address);
}

void enable(int fd, int level, int option) {
  const int on = 1;
  ::setsockopt(fd, level, option, &on, sizeof on);
}

bool would_block(int error) {
  return error == EAGAIN || error == EINTR;
}

}  // namespace

SslContext make_client_context() {
  SslContext context(SSL_CTX_new(TLS_client_method()));
  if (!context) throw std::runtime_error("cannot make a TLS context");
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_NONE, nullptr);
  // Of ten thousand connections most are idle.
  SSL_CTX_set_mode(context.get(), SSL_MODE_ENABLE_PARTIAL_WRITE |
                                      SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                      SSL_MODE_RELEASE_BUFFERS);
  return context;
}

bool Stream::connect(const Address& to, in_addr source, SSL_CTX* tls) {
  close();
  fd_ = ::socket(to.generic()->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd_ < 0) return false;
  enable(fd_, IPPROTO_TCP, TCP_NODELAY);
  if (source.s_addr != INADDR_ANY) {
    // The port is then chosen when the peer is known, and may serve again for another peer.
    enable(fd_, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT);
    sockaddr_in from{};
    from.sin_family = AF_INET;
    from.sin_addr = source;
    if (::bind(fd_, generic(from), sizeof from) != 0) {
      close();
      return false;
    }
  }
  to_ = to;
  connected_ = false;
  state_ = State::connecting;
  if (tls != nullptr) {
    tls_.reset(SSL_new(tls));
    BIO* const received = BIO_new(BIO_s_mem());
    BIO* const sent = BIO_new_socket(fd_, BIO_NOCLOSE);
    if (!tls_ || received == nullptr || sent == nullptr) {
      BIO_free(received);
      BIO_free(sent);
      close();
      return false;
    }
    BIO_set_mem_eof_return(received, -1);
    SSL_set_bio(tls_.get(), received, sent);
    SSL_set_connect_state(tls_.get());
  }
  return step();
}

bool Stream::step() {
  if (state_ != State::connecting) return state_ == State::open;
  if (!connected_) {
    // Asked again, connect() says how it went.
    if (::connect(fd_, to_.generic(), to_.size) != 0 && errno != EISCONN) {
      if (errno == EINPROGRESS || errno == EALREADY || errno == EINTR) return true;
      close();
      return false;
    }
    connected_ = true;
  }
  while (tls_) {
    ERR_clear_error();
    const int result = SSL_do_handshake(tls_.get());
    if (result == 1) break;
    Transfer transfer = tls_result(result);
    if (!transfer.ended) transfer = fetch_sealed();
    if (transfer.ended) {
      close();
      return false;
    }
    if (transfer.size == 0) return true;
  }
  state_ = State::open;
  return true;
}

Stream::Transfer Stream::tls_result(int result) {
  Transfer transfer;
  if (result > 0) {
    transfer.size = static_cast<std::size_t>(result);
    return transfer;
  }
  const int error = SSL_get_error(tls_.get(), result);
  transfer.ended = error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE;
  return transfer;
}

// OpenSSL by itself would take three calls for a record: its head, its rest, and that there is no
// other. A load that takes longer than the gateway says little about it.
Stream::Transfer Stream::fetch_sealed() {
  const std::span<char> room = sealed_room();
  Transfer transfer = receive(room);
  filled_ = transfer.size == room.size();
  const auto size = static_cast<int>(transfer.size);
  if (size != 0 && BIO_write(SSL_get_rbio(tls_.get()), room.data(), size) != size) {
    transfer.ended = true;  // out of memory
  }
  return transfer;
}

bool Stream::sealed_left() const noexcept {
  return SSL_has_pending(tls_.get()) == 1 || BIO_pending(SSL_get_rbio(tls_.get())) != 0;
}

Stream::Transfer Stream::receive(std::span<char> room) const {
  Transfer transfer;
  const ssize_t size = ::recv(fd_, room.data(), room.size(), 0);
  if (size > 0) {
    transfer.size = static_cast<std::size_t>(size);
  } else {
    transfer.ended = size == 0 || !would_block(errno);
  }
  return transfer;
}

Stream::Transfer Stream::read(std::span<char> room) {
  if (!tls_) return receive(room);
  for (;;) {
    if (sealed_left()) {
      ERR_clear_error();
      const Transfer opened =
          tls_result(SSL_read(tls_.get(), room.data(), static_cast<int>(room.size())));
      if (opened.size != 0 || opened.ended) return opened;
    }
    const Transfer fetched = fetch_sealed();
    if (fetched.size == 0 || fetched.ended) return {0, fetched.ended};
  }
}

Stream::Transfer Stream::write(std::span<const iovec> parts) {
  Transfer transfer;
  if (!tls_) {
    msghdr message{};
    message.msg_iov = const_cast<iovec*>(parts.data());
    message.msg_iovlen = std::min<std::size_t>(parts.size(), IOV_MAX);
    const ssize_t size = ::sendmsg(fd_, &message, MSG_NOSIGNAL);
    if (size >= 0) {
      transfer.size = static_cast<std::size_t>(size);
    } else {
      transfer.ended = !would_block(errno);
    }
    return transfer;
  }
  for (const iovec& part : parts) {
    std::size_t sent = 0;
    while (sent < part.iov_len) {
      ERR_clear_error();
      const auto size = static_cast<int>(std::min<std::size_t>(part.iov_len - sent, INT_MAX));
      const Transfer step =
          tls_result(SSL_write(tls_.get(), static_cast<const char*>(part.iov_base) + sent, size));
      sent += step.size;
      transfer.size += step.size;
      transfer.ended = step.ended;
      if (step.size == 0) return transfer;
    }
  }
  return transfer;
}

void Stream::close() noexcept {
  tls_.reset();
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
  state_ = State::closed;
}

}  // namespace gateway::test
