#pragma once
#include <netinet/in.h>
#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "testkit/socket.hpp"
#include "testkit/tls_channel.hpp"

namespace gateway::test {

// A non-blocking client socket, plain or TLS. Every operation does what it can at once; who uses it
// waits with a Poller for changes. Failures are values: a load tool counts them.
class Stream {
 public:
  enum class State {
    closed,
    connecting,  // step() goes on
    open
  };
  using Transfer = test::Transfer;

  Stream() = default;
  ~Stream() { close(); }
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  // Begins to connect, from `source` unless it is 0.0.0.0, with TLS if there is a context, which
  // must outlive the stream. If that context resumes, the last connection's session is offered.
  // False if that fails at once.
  // `receive_buffer`: bytes, 0 for the system's; set before the window is announced, as a window
  // that shrinks later has what is on its way dropped.
  [[nodiscard]] bool connect(const Address& to, in_addr source, SSL_CTX* tls,
                             int receive_buffer = 0);
  // Goes on connecting; false if that failed.
  [[nodiscard]] bool step();
  [[nodiscard]] State state() const noexcept { return state_; }
  [[nodiscard]] int fd() const noexcept { return fd_; }

  // What is there, up to the size of `room`; a size of 0 without `ended`: nothing yet.
  [[nodiscard]] Transfer read(std::span<char> room);
  // Whether a read that filled `size` of `room` bytes may have left some.
  [[nodiscard]] bool maybe_more(std::size_t size, std::size_t room) const noexcept {
    return tls_ ? tls_->maybe_more(size) : size == room;
  }
  // As much as the socket takes.
  [[nodiscard]] Transfer write(std::span<const iovec> parts);
  void close() noexcept;

 private:
  int fd_ = -1;
  State state_ = State::closed;
  bool connected_ = false;  // TCP is; TLS may still be at it
  Address to_;
  std::optional<TlsChannel> tls_;
  SslSession session_;  // of the connection before this one
};

}  // namespace gateway::test
