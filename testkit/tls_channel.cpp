#include "testkit/tls_channel.hpp"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <new>
#include <stdexcept>
#include <string>
#include <utility>

#include "testkit/certificate_authority.hpp"

namespace gateway::test {
namespace {

// What one call takes off the socket.
constexpr std::size_t kEncryptedRoom = std::size_t{256} << 10;

std::span<char> encrypted_room() {
  thread_local std::array<char, kEncryptedRoom> room;
  return room;
}

void require_tls(bool done, const char* what) {
  if (!done) throw std::runtime_error(std::string("TLS: ") + what);
}

SslContext make_context(const SSL_METHOD* method) {
  SslContext context(SSL_CTX_new(method));
  require_tls(context != nullptr, "no context");
  // Of ten thousand connections most are idle.
  SSL_CTX_set_mode(context.get(), SSL_MODE_ENABLE_PARTIAL_WRITE |
                                      SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                      SSL_MODE_RELEASE_BUFFERS);
  return context;
}

// Reads one object of a PEM text with `read`.
template <class Read>
auto from_pem(const std::string& text, Read read) {
  BIO* const in = BIO_new_mem_buf(text.data(), static_cast<int>(text.size()));
  require_tls(in != nullptr, "no memory");
  auto* const object = read(in, nullptr, nullptr, nullptr);
  BIO_free(in);
  require_tls(object != nullptr, "no PEM");
  return object;
}

}  // namespace

SslContext make_client_context(bool resume) {
  SslContext context = make_context(TLS_client_method());
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_NONE, nullptr);
  if (!resume) return context;
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_sess_set_new_cb(context.get(), TlsChannel::keep_session);
  return context;
}

SslContext make_server_context(const ServerIdentity& identity) {
  SslContext context = make_context(TLS_server_method());
  X509* const certificate = from_pem(identity.certificate, PEM_read_bio_X509);
  const bool shown = SSL_CTX_use_certificate(context.get(), certificate) == 1;
  X509_free(certificate);
  require_tls(shown, "certificate");
  EVP_PKEY* const key = from_pem(identity.key, PEM_read_bio_PrivateKey);
  const bool used = SSL_CTX_use_PrivateKey(context.get(), key) == 1;
  EVP_PKEY_free(key);
  require_tls(used, "private key");
  return context;
}

Transfer receive_from(int fd, std::span<char> room) {
  Transfer transfer;
  const ssize_t size = ::recv(fd, room.data(), room.size(), MSG_DONTWAIT);
  if (size > 0) {
    transfer.size = static_cast<std::size_t>(size);
  } else {
    transfer.ended = size == 0 || (errno != EAGAIN && errno != EINTR);
  }
  return transfer;
}

TlsChannel::TlsChannel(SSL_CTX* context, int fd, Side side) : ssl_(SSL_new(context)), fd_(fd) {
  BIO* const received = BIO_new(BIO_s_mem());
  BIO* const sent = BIO_new_socket(fd, BIO_NOCLOSE);
  if (!ssl_ || received == nullptr || sent == nullptr) {
    BIO_free(received);
    BIO_free(sent);
    throw std::bad_alloc();
  }
  BIO_set_mem_eof_return(received, -1);
  SSL_set_bio(ssl_.get(), received, sent);
  SSL_set_app_data(ssl_.get(), this);
  side == Side::client ? SSL_set_connect_state(ssl_.get()) : SSL_set_accept_state(ssl_.get());
}

// A session of a connection that was not ended by the book would not be resumed.
TlsChannel::~TlsChannel() {
  SSL_set_shutdown(ssl_.get(), SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
}

void TlsChannel::resume(SSL_SESSION* session) {
  if (session != nullptr) SSL_set_session(ssl_.get(), session);
}

int TlsChannel::keep_session(SSL* ssl, SSL_SESSION* session) {
  static_cast<TlsChannel*>(SSL_get_app_data(ssl))->session_.reset(session);
  return 1;  // the reference is ours now
}

bool TlsChannel::handshake() {
  for (;;) {
    ERR_clear_error();
    const int done = SSL_do_handshake(ssl_.get());
    if (done == 1) return true;
    Transfer transfer = result(done);
    if (!transfer.ended) transfer = fetch_encrypted();
    if (transfer.ended) return false;
    if (transfer.size == 0) return true;
  }
}

Transfer TlsChannel::result(int result) {
  Transfer transfer;
  if (result > 0) {
    transfer.size = static_cast<std::size_t>(result);
    return transfer;
  }
  const int error = SSL_get_error(ssl_.get(), result);
  transfer.ended = error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE;
  return transfer;
}

Transfer TlsChannel::fetch_encrypted() {
  const std::span<char> room = encrypted_room();
  Transfer transfer = receive_from(fd_, room);
  filled_ = transfer.size == room.size();
  const auto size = static_cast<int>(transfer.size);
  if (size != 0 && BIO_write(SSL_get_rbio(ssl_.get()), room.data(), size) != size) {
    transfer.ended = true;  // out of memory
  }
  return transfer;
}

bool TlsChannel::encrypted_left() const noexcept {
  return SSL_has_pending(ssl_.get()) == 1 || BIO_pending(SSL_get_rbio(ssl_.get())) != 0;
}

Transfer TlsChannel::read(std::span<char> room) {
  for (;;) {
    if (encrypted_left()) {
      ERR_clear_error();
      const Transfer opened =
          result(SSL_read(ssl_.get(), room.data(), static_cast<int>(room.size())));
      if (opened.size != 0 || opened.ended) return opened;
    }
    const Transfer fetched = fetch_encrypted();
    if (fetched.size == 0 || fetched.ended) return {0, fetched.ended};
  }
}

Transfer TlsChannel::write(std::span<const iovec> parts) {
  Transfer transfer;
  for (const iovec& part : parts) {
    std::size_t sent = 0;
    while (sent < part.iov_len) {
      ERR_clear_error();
      const auto size = static_cast<int>(std::min<std::size_t>(part.iov_len - sent, INT_MAX));
      const Transfer step =
          result(SSL_write(ssl_.get(), static_cast<const char*>(part.iov_base) + sent, size));
      sent += step.size;
      transfer.size += step.size;
      transfer.ended = step.ended;
      if (step.size == 0) return transfer;
    }
  }
  return transfer;
}

}  // namespace gateway::test
