#include "testkit/stream.hpp"

#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>

namespace gateway::test {
namespace {

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

bool Stream::connect(const Address& to, in_addr source, SSL_CTX* tls, int receive_buffer) {
  close();
  fd_ = ::socket(to.generic()->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd_ < 0) return false;
  enable(fd_, IPPROTO_TCP, TCP_NODELAY);
  if (receive_buffer != 0) {
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
  }
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
    tls_.emplace(tls, fd_, TlsChannel::Side::client);
    tls_->resume(session_.get());
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
  if (tls_ && !tls_->handshake()) {
    close();
    return false;
  }
  if (tls_ && !tls_->open()) return true;
  state_ = State::open;
  return true;
}

Transfer Stream::read(std::span<char> room) {
  return tls_ ? tls_->read(room) : receive_from(fd_, room);
}

Transfer Stream::write(std::span<const iovec> parts) {
  if (tls_) return tls_->write(parts);
  Transfer transfer;
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

void Stream::close() noexcept {
  if (tls_) {
    if (SslSession session = tls_->take_session()) session_ = std::move(session);
    tls_.reset();
  }
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
  state_ = State::closed;
}

}  // namespace gateway::test
