#include "gateway/tls/tls_session.hpp"

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <new>
#include <utility>

#include "gateway/tls/certificate_facts.hpp"
#include "runtime/kept_memory.hpp"

namespace gateway::tls {
namespace {

// OpenSSL judges a call by this thread's list of errors, which others may have left something in.
void forget_errors() noexcept {
  if (ERR_peek_error() != 0) ERR_clear_error();
}

bool is_address(const std::string& host) {
  ASN1_OCTET_STRING* const address = a2i_IPADDRESS(host.c_str());
  ASN1_OCTET_STRING_free(address);
  forget_errors();
  return address != nullptr;
}

bool is_about_certificate(int reason) noexcept {
  return reason == SSL_R_CERTIFICATE_VERIFY_FAILED ||
         reason == SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE;
}

// What an error of the list means.
std::string text_of(unsigned long code, long verdict, bool client) {
  const int reason = ERR_GET_REASON(code);
  const char* const known = ERR_reason_error_string(code);
  std::string text = known == nullptr ? "TLS failed" : known;
  if (ERR_GET_LIB(code) != ERR_LIB_SSL) return text;
  if (reason == SSL_R_CERTIFICATE_VERIFY_FAILED && verdict != X509_V_OK) {
    text += std::string(": ") + X509_verify_cert_error_string(verdict);
  } else if (reason > SSL_AD_REASON_OFFSET) {
    text = "the peer refuses: " + text;
  } else if (client && reason == SSL_R_WRONG_VERSION_NUMBER) {
    text += " (does the peer speak TLS?)";
  }
  return text;
}

}  // namespace

// The session's ends of the wire, as OpenSSL sees them.
class TlsSession::Wire {
 public:
  static BIO* make(TlsSession& session) {
    static BIO_METHOD* const method = make_method();
    BIO* const bio = BIO_new(method);
    if (bio == nullptr) throw std::bad_alloc();
    BIO_set_data(bio, &session);
    BIO_set_init(bio, 1);
    return bio;
  }

 private:
  static BIO_METHOD* make_method() {
    BIO_METHOD* const method =
        BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "bytes of a session");
    if (method == nullptr) throw std::bad_alloc();
    BIO_meth_set_read(method, read);
    BIO_meth_set_write(method, write);
    BIO_meth_set_ctrl(method, control);
    return method;
  }

  static int read(BIO* bio, char* to, int size) {
    auto& input = static_cast<TlsSession*>(BIO_get_data(bio))->input_;
    BIO_clear_retry_flags(bio);
    if (input.empty()) {
      BIO_set_retry_read(bio);
      return -1;
    }
    const std::size_t taken = std::min(input.size(), static_cast<std::size_t>(size));
    std::memcpy(to, input.data(), taken);
    input.remove_prefix(taken);
    return static_cast<int>(taken);
  }

  static int write(BIO* bio, const char* from, int size) {
    auto* const out = static_cast<TlsSession*>(BIO_get_data(bio))->out_;
    BIO_clear_retry_flags(bio);
    out->append(from, static_cast<std::size_t>(size));
    return size;
  }

  static long control(BIO* /*bio*/, int command, long /*number*/, void* /*pointer*/) {
    return command == BIO_CTRL_FLUSH ? 1 : 0;
  }
};

TlsSession::TlsSession(TlsContext::Ptr context)
    : context_(std::move(context)), ssl_(SSL_new(context_->native())) {
  if (!ssl_) throw std::bad_alloc();
  BIO* const wire = Wire::make(*this);
  SSL_set_bio(ssl_.get(), wire, wire);
  SSL_set_app_data(ssl_.get(), this);
  SSL_set_msg_callback(ssl_.get(), note_message);
  if (SSL_is_server(ssl_.get()) == 1) {
    SSL_set_accept_state(ssl_.get());
  } else {
    SSL_set_connect_state(ssl_.get());
  }
}

TlsSession::TlsSession(TlsContext::Ptr context, const std::string& host, Ticket ticket)
    : TlsSession(std::move(context)) {
  verify_host(host);
  // Under another context the server might not be trusted any more.
  if (ticket.session && ticket.context == context_) {
    SSL_set_session(ssl_.get(), ticket.session.get());
  }
}

TlsSession::~TlsSession() {
  // However the connection ended: a session of it may be resumed, and none is looked for in a
  // cache.
  SSL_set_shutdown(ssl_.get(), SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
}

void TlsSession::verify_host(const std::string& host) {
  // A name may end with the dot of the root, a certificate's does not.
  std::string name = host.ends_with('.') ? host.substr(0, host.size() - 1) : host;
  bool done = false;
  if (is_address(name)) {
    // RFC 6066 section 3: no addresses in the server name indication.
    done = X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl_.get()), name.c_str()) == 1;
  } else {
    SSL_set_hostflags(ssl_.get(), X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    done = SSL_set1_host(ssl_.get(), name.c_str()) == 1 &&
           // SSL_set_tlsext_host_name() without its cast.
           SSL_ctrl(ssl_.get(), SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
                    name.data()) == 1;
  }
  if (!done) {
    forget_errors();
    state_ = State::failed;
    problem_ = "not a host name: " + host;
  }
}

void TlsSession::receive(std::string_view bytes) {
  if (input_.empty()) {
    input_ = bytes;
    return;
  }
  keep_rest();
  kept_ += bytes;
  input_ = kept_;
}

void TlsSession::keep_rest() {
  if (input_.empty()) {
    free_memory(kept_);
  } else {
    // Also when it lies in kept_ already.
    kept_ = std::string(input_);
    input_ = kept_;
  }
}

void TlsSession::begin(std::string& out) {
  forget_errors();
  out_ = &out;
}

TlsSession::State TlsSession::handshake(std::string& out) {
  if (state_ != State::handshake) return state_;
  begin(out);
  const int result = SSL_do_handshake(ssl_.get());
  if (result == 1) {
    state_ = State::open;
  } else if (SSL_get_error(ssl_.get(), result) != SSL_ERROR_WANT_READ) {
    fail();
  }
  end();
  return state_;
}

std::size_t TlsSession::read(std::span<char> to, std::string& out) {
  if (state_ != State::open) return 0;
  // OpenSSL would take a while to find that out.
  if (input_.empty() && SSL_has_pending(ssl_.get()) == 0) return 0;
  begin(out);
  std::size_t size = 0;
  if (SSL_read_ex(ssl_.get(), to.data(), to.size(), &size) != 1) {
    size = 0;
    const int error = SSL_get_error(ssl_.get(), 0);
    if (error == SSL_ERROR_ZERO_RETURN) {
      state_ = State::closed;
    } else if (error != SSL_ERROR_WANT_READ) {
      fail();
    }
  }
  end();
  if (messages_ > kMostMessages) {
    state_ = State::failed;
    fault_ = Fault::protocol;
    problem_ = "message after message of TLS itself, and no data";
    return 0;
  }
  if (size != 0) messages_ = 0;
  return size;
}

// Counts what OpenSSL has received.
void TlsSession::note_message(int sent, int /*version*/, int type, const void* /*bytes*/,
                              std::size_t /*size*/, SSL* ssl, void* /*unused*/) {
  auto* const session = static_cast<TlsSession*>(SSL_get_app_data(ssl));
  if (sent == 0 && type == SSL3_RT_HANDSHAKE && session->state_ == State::open) {
    ++session->messages_;
  }
}

bool TlsSession::encrypt(std::string_view plain, std::string& out) {
  if (state_ != State::open && state_ != State::closed) return false;
  if (plain.empty()) return true;
  begin(out);
  std::size_t written = 0;
  const bool done = SSL_write_ex(ssl_.get(), plain.data(), plain.size(), &written) == 1;
  if (!done) fail();
  end();
  return done;
}

std::size_t TlsSession::encrypt(std::span<const iovec> pieces, std::size_t most, std::string& out) {
  std::array<char, kRecord> record;  // NOLINT(*-init-variables): filled as far as it is used
  std::size_t filled = 0;
  std::size_t encrypted = 0;
  for (const iovec& piece : pieces) {
    std::string_view rest(static_cast<const char*>(piece.iov_base), piece.iov_len);
    rest = rest.substr(0, most - encrypted - filled);
    while (!rest.empty()) {
      if (filled == 0 && rest.size() >= kRecord) {
        const std::size_t whole = rest.size() - rest.size() % kRecord;
        if (!encrypt(rest.substr(0, whole), out)) return 0;
        encrypted += whole;
        rest.remove_prefix(whole);
        continue;
      }
      const std::size_t taken = std::min(rest.size(), kRecord - filled);
      std::memcpy(record.data() + filled, rest.data(), taken);
      filled += taken;
      rest.remove_prefix(taken);
      if (filled < kRecord) continue;
      if (!encrypt({record.data(), filled}, out)) return 0;
      encrypted += std::exchange(filled, 0);
    }
    if (encrypted + filled == most) break;
  }
  if (!encrypt({record.data(), filled}, out)) return 0;
  return encrypted + filled;
}

void TlsSession::close(std::string& out) {
  if (state_ != State::open && state_ != State::closed) return;
  begin(out);
  if (SSL_shutdown(ssl_.get()) < 0) forget_errors();
  end();
}

void TlsSession::fail() {
  state_ = State::failed;
  // The last one is the handshake's own, those before it are of what it called.
  const unsigned long code = ERR_peek_last_error();
  fault_ = ERR_GET_LIB(code) == ERR_LIB_SSL && is_about_certificate(ERR_GET_REASON(code))
               ? Fault::certificate
               : Fault::protocol;
  problem_ = text_of(code, SSL_get_verify_result(ssl_.get()), SSL_is_server(ssl_.get()) == 0);
  ERR_clear_error();
}

std::string TlsSession::peer_subject() const {
  const X509* const certificate = peer_certificate();
  if (certificate == nullptr || SSL_get_verify_result(ssl_.get()) != X509_V_OK) return {};
  return subject_of(*certificate);
}

Ticket TlsSession::take_ticket() {
  Ticket ticket;
  ticket.context = context_;
  ticket.session = std::exchange(ticket_, nullptr);
  return ticket;
}

int TlsSession::keep_ticket(SSL* ssl, SSL_SESSION* session) {
  static_cast<TlsSession*>(SSL_get_app_data(ssl))->ticket_.reset(session);
  return 1;  // the reference is ours now
}

}  // namespace gateway::tls
