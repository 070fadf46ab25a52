#pragma once
#include <sys/uio.h>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "gateway/tls/handles.hpp"
#include "gateway/tls/tls_context.hpp"

namespace gateway::tls {

// What a client shows to resume a session instead of beginning one. Empty or for one connection: a
// ticket is used once (RFC 8446 appendix C.4).
struct Ticket {
  Ticket() = default;

  TlsContext::Ptr context;  // it was made under; another one may trust others
  SslSessionPtr session;
};

// Speaks one side of one TLS connection, without a socket: it is told what arrived, and appends
// what is to be sent to the `out` of each call.
//
//   socket --> receive() --> handshake() --> read()  --> plain text
//   socket <-- out       <-- handshake() <-- encrypt()  <-- plain text
//
// OpenSSL reads out of the bytes received and writes into `out`; nothing else is copied. Lives on
// one thread.
class TlsSession {
 public:
  enum class State : std::uint8_t {
    handshake,  // more bytes are needed
    open,
    closed,  // the peer has said that nothing more comes; encryption goes on
    failed   // problem() says why; `out` had an alert for the peer
  };
  enum class Fault : std::uint8_t { protocol, certificate };

  // A server's side.
  explicit TlsSession(TlsContext::Ptr context);
  // A client's, of a connection to `host`, a name or an IP address, which the server's certificate
  // must be for if the context verifies it.
  TlsSession(TlsContext::Ptr context, const std::string& host, Ticket ticket);
  ~TlsSession();
  TlsSession(const TlsSession&) = delete;
  TlsSession& operator=(const TlsSession&) = delete;

  // Takes bytes off the wire, borrowed until keep_rest() or until all have been read.
  void receive(std::string_view bytes);
  // Copies what has not been read of them yet.
  void keep_rest();

  // Takes the handshake as far as the bytes received go. The only call while it lasts. Returns the
  // state then.
  State handshake(std::string& out);
  // Decrypts at most one record. Returns the size of its plain text, 0 when more bytes are needed
  // or the state has changed.
  std::size_t read(std::span<char> to, std::string& out);
  // Encrypts all of it. In `open` and `closed`; false if the session failed.
  bool encrypt(std::string_view plain, std::string& out);
  // Encrypts pieces from the front until there are `most` bytes or none left, in records as large
  // as may be whatever the pieces' size. Returns how much that was, 0 if the session failed.
  std::size_t encrypt(std::span<const iovec> pieces, std::size_t most, std::string& out);
  // Appends a close_notify (RFC 8446 section 6.1), which says that nothing more is sent. Does
  // nothing in a handshake.
  void close(std::string& out);

  [[nodiscard]] State state() const noexcept { return state_; }
  // Once it has failed.
  [[nodiscard]] const std::string& problem() const noexcept { return problem_; }
  [[nodiscard]] Fault fault() const noexcept { return fault_; }

  // Once it is open.
  [[nodiscard]] bool resumed() const noexcept { return SSL_session_reused(ssl_.get()) == 1; }
  [[nodiscard]] std::string_view version() const noexcept { return SSL_get_version(ssl_.get()); }
  [[nodiscard]] std::string_view cipher() const noexcept { return SSL_get_cipher_name(ssl_.get()); }
  // Verified or not, while the session lives; null as long as the peer has shown none, and after
  // one that was refused.
  [[nodiscard]] const X509* peer_certificate() const noexcept {
    return SSL_get0_peer_certificate(ssl_.get());
  }
  // Of the verified certificate of the peer, as RFC 4514 writes it; empty without one.
  [[nodiscard]] std::string peer_subject() const;
  // For the next connection; nothing if the server has given none since it was last asked.
  [[nodiscard]] Ticket take_ticket();

  // The context's callback for new tickets.
  static int keep_ticket(SSL* ssl, SSL_SESSION* session);

 private:
  static void note_message(int sent, int version, int type, const void* bytes, std::size_t size,
                           SSL* ssl, void* unused);
  static constexpr std::size_t kRecord = std::size_t{16} << 10;  // RFC 8446 section 5.1
  // Key updates, for instance: each costs as much as a small request, and OpenSSL takes any number.
  static constexpr unsigned kMostMessages = 32;

  class Wire;
  void verify_host(const std::string& host);
  void begin(std::string& out);
  void end() noexcept { out_ = nullptr; }
  void fail();

  const TlsContext::Ptr context_;
  SslPtr ssl_;
  std::string_view input_;  // received and not read; in kept_ or borrowed
  std::string kept_;
  std::string* out_ = nullptr;  // of the call under way
  SslSessionPtr ticket_;
  std::string problem_;
  State state_ = State::handshake;
  Fault fault_ = Fault::protocol;
  unsigned messages_ = 0;  // of TLS itself, since the last data
};

}  // namespace gateway::tls
