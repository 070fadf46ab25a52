#include "support/tls_client.hpp"

#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <array>
#include <stdexcept>
#include <utility>

#include "testkit/socket.hpp"

namespace gateway::test {
namespace {

std::string last_error() {
  const unsigned long code = ERR_get_error();
  const char* const reason = ERR_reason_error_string(code);
  ERR_clear_error();
  return reason == nullptr ? "no reason" : reason;
}

void require(bool done, const char* what) {
  if (!done) throw std::runtime_error(std::string(what) + ": " + last_error());
}

}  // namespace

struct TlsClient::Session {
  explicit Session(SSL_SESSION* s) : session(s) {}
  ~Session() { SSL_SESSION_free(session); }
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  SSL_SESSION* session;
};

struct TlsClient::Parts {
  Parts(std::uint16_t port, int version)
      : socket(connect_to("127.0.0.1", port)), context(SSL_CTX_new(TLS_client_method())) {
    SSL_CTX_set_min_proto_version(context, version);
    SSL_CTX_set_max_proto_version(context, version);
  }
  ~Parts() {
    SSL_free(ssl);
    SSL_CTX_free(context);
  }
  Parts(const Parts&) = delete;
  Parts& operator=(const Parts&) = delete;

  Socket socket;
  SSL_CTX* context;
  SSL* ssl = nullptr;
  SessionPtr session;
  std::string in;
  End end = End::none;
  std::string problem;
};

TlsClient::TlsClient(std::uint16_t port, const TlsClientOptions& options, const SessionPtr& resume)
    : parts_(std::make_unique<Parts>(port, options.version)) {
  ERR_clear_error();
  SSL_CTX* const context = parts_->context;
  if (!options.ca.empty()) {
    require(SSL_CTX_load_verify_locations(context, options.ca.c_str(), nullptr) == 1, "authority");
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  }
  if (options.identity) {
    BIO* const cert = BIO_new_mem_buf(options.identity->certificate.data(), -1);
    X509* const certificate = PEM_read_bio_X509(cert, nullptr, nullptr, nullptr);
    BIO* const key = BIO_new_mem_buf(options.identity->key.data(), -1);
    EVP_PKEY* const secret = PEM_read_bio_PrivateKey(key, nullptr, nullptr, nullptr);
    require(SSL_CTX_use_certificate(context, certificate) == 1, "certificate");
    require(SSL_CTX_use_PrivateKey(context, secret) == 1, "key");
    X509_free(certificate);
    EVP_PKEY_free(secret);
    BIO_free(cert);
    BIO_free(key);
  }
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT);
  SSL_CTX_sess_set_new_cb(context, [](SSL* ssl, SSL_SESSION* session) {
    static_cast<Parts*>(SSL_get_app_data(ssl))->session = std::make_shared<Session>(session);
    return 1;
  });
  const timeval patience{HttpClient::kPatience.count(), 0};
  const int fd = parts_->socket.fd();
  ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  ::setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  parts_->ssl = SSL_new(context);
  SSL* const ssl = parts_->ssl;
  SSL_set_app_data(ssl, parts_.get());
  SSL_set_fd(ssl, fd);
  if (!options.protocols.empty()) {
    std::string wire(1, static_cast<char>(options.protocols.size()));
    wire += options.protocols;
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): OpenSSL's idea of bytes
    const auto* const bytes = reinterpret_cast<const unsigned char*>(wire.data());
    SSL_set_alpn_protos(ssl, bytes, static_cast<unsigned>(wire.size()));
  }
  if (resume) SSL_set_session(ssl, resume->session);
  require(SSL_connect(ssl) == 1, "handshake");
}

TlsClient::~TlsClient() = default;
TlsClient::TlsClient(TlsClient&&) noexcept = default;
TlsClient& TlsClient::operator=(TlsClient&&) noexcept = default;

void TlsClient::send(std::string_view bytes) {
  ERR_clear_error();
  std::size_t written = 0;
  require(SSL_write_ex(parts_->ssl, bytes.data(), bytes.size(), &written) == 1, "send");
}

bool TlsClient::receive() {
  if (parts_->end != End::none) return false;
  std::array<char, 16384> buffer;
  std::size_t size = 0;
  ERR_clear_error();
  if (SSL_read_ex(parts_->ssl, buffer.data(), buffer.size(), &size) == 1) {
    parts_->in.append(buffer.data(), size);
    return true;
  }
  const int error = SSL_get_error(parts_->ssl, 0);
  const bool eof = error == SSL_ERROR_SYSCALL ||
                   ERR_GET_REASON(ERR_peek_error()) == SSL_R_UNEXPECTED_EOF_WHILE_READING;
  if (error == SSL_ERROR_WANT_READ) throw std::runtime_error("the gateway kept silent too long");
  parts_->end = error == SSL_ERROR_ZERO_RETURN ? End::close_notify
                : eof                          ? End::cut_off
                                               : End::failed;
  parts_->problem = last_error();
  return false;
}

std::optional<Response> TlsClient::read() {
  while (true) {
    const bool ended = parts_->end != End::none;
    if (auto taken = parts_->in.empty() ? std::nullopt : take_response(parts_->in, ended)) {
      parts_->in.erase(0, taken->size);
      return std::move(taken->message);
    }
    if (ended) return std::nullopt;
    receive();
  }
}

Response TlsClient::response() {
  std::optional<Response> answer = read();
  if (!answer) throw std::runtime_error("closed without an answer: " + parts_->problem);
  return *std::move(answer);
}

Response TlsClient::post(std::string_view body, const Headers& headers) {
  send(post_text(body, headers));
  return response();
}

TlsClient::End TlsClient::end() {
  while (receive()) {
  }
  return parts_->end;
}

const std::string& TlsClient::problem() const noexcept {
  return parts_->problem;
}

void TlsClient::close_notify() {
  SSL_shutdown(parts_->ssl);
}

void TlsClient::key_update() {
  require(SSL_key_update(parts_->ssl, SSL_KEY_UPDATE_REQUESTED) == 1, "key update");
}

bool TlsClient::resumed() const {
  return SSL_session_reused(parts_->ssl) == 1;
}

std::string TlsClient::version() const {
  return SSL_get_version(parts_->ssl);
}

std::string TlsClient::protocol() const {
  const unsigned char* name = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(parts_->ssl, &name, &size);
  return {name, name + size};
}

std::string TlsClient::serial() const {
  X509* const certificate = SSL_get0_peer_certificate(parts_->ssl);
  BIGNUM* const number = ASN1_INTEGER_to_BN(X509_get0_serialNumber(certificate), nullptr);
  char* const text = BN_bn2hex(number);
  std::string result(text);
  OPENSSL_free(text);
  BN_free(number);
  return result;
}

TlsClient::SessionPtr TlsClient::session() const {
  return parts_->session;
}

int TlsClient::fd() const {
  return parts_->socket.fd();
}

}  // namespace gateway::test
