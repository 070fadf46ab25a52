#pragma once
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "testkit/socket.hpp"

namespace gateway::test {

struct SslContextFree {
  void operator()(SSL_CTX* context) const noexcept { SSL_CTX_free(context); }
};
using SslContext = std::unique_ptr<SSL_CTX, SslContextFree>;
// For clients; the peer's certificate is not looked at. Throws std::runtime_error.
[[nodiscard]] SslContext make_client_context();

// A non-blocking client socket, plain or TLS. Every operation does what it can at once; who uses it
// waits with a Poller for changes. Failures are values: a load tool counts them.
class Stream {
 public:
  enum class State {
    closed,
    connecting,  // step() goes on
    open
  };
  struct Transfer {
    std::size_t size = 0;
    bool ended = false;  // by the peer or an error; the stream must be closed
  };

  Stream() = default;
  ~Stream() { close(); }
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  // Begins to connect, from `source` unless it is 0.0.0.0, with TLS if there is a context, which
  // must outlive the stream. False if that fails at once.
  [[nodiscard]] bool connect(const Address& to, in_addr source, SSL_CTX* tls);
  // Goes on connecting; false if that failed.
  [[nodiscard]] bool step();
  [[nodiscard]] State state() const noexcept { return state_; }
  [[nodiscard]] int fd() const noexcept { return fd_; }

  // What is there, up to the size of `room`; a size of 0 without `ended`: nothing yet.
  [[nodiscard]] Transfer read(std::span<char> room);
  // Whether a read that filled `size` of `room` bytes may have left some.
  [[nodiscard]] bool maybe_more(std::size_t size, std::size_t room) const noexcept {
    return tls_ ? size != 0 && (filled_ || sealed_left()) : size == room;
  }
  // As much as the socket takes.
  [[nodiscard]] Transfer write(std::span<const iovec> parts);
  void close() noexcept;

 private:
  struct SslFree {
    void operator()(SSL* ssl) const noexcept { SSL_free(ssl); }
  };
  [[nodiscard]] Transfer tls_result(int result);
  [[nodiscard]] Transfer receive(std::span<char> room) const;
  [[nodiscard]] Transfer fetch_sealed();
  [[nodiscard]] bool sealed_left() const noexcept;

  int fd_ = -1;
  State state_ = State::closed;
  bool connected_ = false;  // TCP is; TLS may still be at it
  bool filled_ = false;     // the last call to the socket of a TLS stream may have left some
  Address to_;
  std::unique_ptr<SSL, SslFree> tls_;
};

}  // namespace gateway::test
