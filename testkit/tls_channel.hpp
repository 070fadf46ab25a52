#pragma once
#include <openssl/ssl.h>
#include <sys/uio.h>

#include <cstddef>
#include <memory>
#include <span>

namespace gateway::test {

struct ServerIdentity;

struct SslContextFree {
  void operator()(SSL_CTX* context) const noexcept { SSL_CTX_free(context); }
};
using SslContext = std::unique_ptr<SSL_CTX, SslContextFree>;
struct SslSessionFree {
  void operator()(SSL_SESSION* session) const noexcept { SSL_SESSION_free(session); }
};
using SslSession = std::unique_ptr<SSL_SESSION, SslSessionFree>;

// For clients; the peer's certificate is not looked at. With `resume` a channel keeps the session
// that the server gives it. Throws std::runtime_error.
[[nodiscard]] SslContext make_client_context(bool resume = false);
// For servers. Throws std::runtime_error.
[[nodiscard]] SslContext make_server_context(const ServerIdentity& identity);

// The result of a call that moves bytes.
struct Transfer {
  std::size_t size = 0;
  bool ended = false;  // by the peer or an error; the socket must be closed
};

// Returns what is on a non-blocking socket, up to the size of `room`.
[[nodiscard]] Transfer receive_from(int fd, std::span<char> room);

// TLS on a non-blocking socket, either side of it. OpenSSL by itself would take three calls for a
// record: its head, its rest, and that there is no other. A load that takes longer than the gateway
// says little about it, so this one takes from the socket what is there, in one call.
class TlsChannel {
 public:
  enum class Side { client, server };

  // `context` outlives the channel. `fd` is not owned. Throws std::bad_alloc.
  TlsChannel(SSL_CTX* context, int fd, Side side);
  ~TlsChannel();
  TlsChannel(const TlsChannel&) = delete;
  TlsChannel& operator=(const TlsChannel&) = delete;

  // Of a client, before the handshake: offers to resume `session`, which may be null.
  void resume(SSL_SESSION* session);
  // Goes on with the handshake. Returns false if it failed.
  [[nodiscard]] bool handshake();
  [[nodiscard]] bool open() const noexcept { return SSL_is_init_finished(ssl_.get()) == 1; }
  [[nodiscard]] bool resumed() const noexcept { return SSL_session_reused(ssl_.get()) == 1; }
  // Returns the newest session that the server gave, or null; it is then the caller's.
  [[nodiscard]] SslSession take_session() noexcept { return std::move(session_); }

  // What is there, up to the size of `room`; a size of 0 without `ended`: nothing yet.
  [[nodiscard]] Transfer read(std::span<char> room);
  // Whether a read of `size` bytes may have left some.
  [[nodiscard]] bool maybe_more(std::size_t size) const noexcept {
    return size != 0 && (filled_ || encrypted_left());
  }
  // As much as the socket takes.
  [[nodiscard]] Transfer write(std::span<const iovec> parts);

  // The callback for new sessions.
  static int keep_session(SSL* ssl, SSL_SESSION* session);

 private:
  struct SslFree {
    void operator()(SSL* ssl) const noexcept { SSL_free(ssl); }
  };
  [[nodiscard]] Transfer result(int result);
  [[nodiscard]] Transfer fetch_encrypted();
  [[nodiscard]] bool encrypted_left() const noexcept;

  std::unique_ptr<SSL, SslFree> ssl_;
  int fd_;
  bool filled_ = false;  // the last call to the socket may have left some
  SslSession session_;
};

}  // namespace gateway::test
