#include "gateway/tls/tls_context.hpp"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/rand.h>

#include <algorithm>
#include <span>
#include <stdexcept>
#include <string>

#include "gateway/tls/certificate_facts.hpp"
#include "gateway/tls/record_buffers.hpp"
#include "gateway/tls/tls_session.hpp"
#include "runtime/log.hpp"

namespace gateway::tls {
namespace {

// RFC 7301: the length of each name, and the name.
constexpr std::string_view kProtocols = "\x08http/1.1";
constexpr std::string_view kSessionContext = "cos-gateway";
constexpr long kSessionLifetime = 2L * 3600;  // seconds

void require(bool done, const char* what) {
  if (done) return;
  const unsigned long code = ERR_get_error();
  const char* const reason = ERR_reason_error_string(code);
  ERR_clear_error();
  throw std::runtime_error(std::string("OpenSSL: ") + what +
                           (reason == nullptr ? "" : std::string(": ") + reason));
}

// NOLINTBEGIN(cppcoreguidelines-pro-type-reinterpret-cast): OpenSSL's idea of bytes
const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}
// NOLINTEND(cppcoreguidelines-pro-type-reinterpret-cast)

// What both sides agree on.
SslContextPtr make_context(const SSL_METHOD* method) {
  SslContextPtr made(SSL_CTX_new(method));
  SSL_CTX* const context = made.get();
  require(context != nullptr, "no context");
  require(SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) == 1, "no TLS 1.2");
  require(SSL_CTX_set_cipher_list(context, "ECDHE+AESGCM+AES128:ECDHE+AESGCM:ECDHE+CHACHA20") == 1,
          "no ciphers");
  require(SSL_CTX_set_ciphersuites(context,
                                   "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:"
                                   "TLS_CHACHA20_POLY1305_SHA256") == 1,
          "no ciphers");
  char groups[] = "X25519:P-256:P-384";
  require(SSL_CTX_set1_groups_list(context, groups) == 1, "no groups");
  SSL_CTX_set_options(
      context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE);
  SSL_CTX_set_mode(context, SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  // A record's head and the rest of it in one call.
  SSL_CTX_set_read_ahead(context, 1);
  return made;
}

int choose_protocol(SSL* /*ssl*/, const unsigned char** chosen, unsigned char* size,
                    const unsigned char* offered, unsigned int offered_size, void* /*unused*/) {
  const std::span<const unsigned char> names(offered, offered_size);
  for (std::size_t i = 0; i < names.size(); i += 1U + names[i]) {
    const auto entry = names.subspan(i, std::min<std::size_t>(1U + names[i], names.size() - i));
    if (!std::ranges::equal(entry, std::span(bytes_of(kProtocols), kProtocols.size()))) continue;
    *chosen = entry.data() + 1;
    *size = static_cast<unsigned char>(entry.size() - 1);
    return SSL_TLSEXT_ERR_OK;
  }
  return SSL_TLSEXT_ERR_ALERT_FATAL;
}

bool set_mac_key(EVP_MAC_CTX* mac, TicketKeys::Key& key) {
  char digest[] = "SHA256";
  const OSSL_PARAM parameters[] = {
      OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, key.mac.data(), key.mac.size()),
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
      OSSL_PARAM_construct_end()};
  return EVP_MAC_CTX_set_params(mac, parameters) == 1;
}

// SSL_CTX_set_tlsext_ticket_key_evp_cb(3): below 0 an error, 0 no ticket, 2 read but to be renewed.
int use_ticket_key(SSL* ssl, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher,
                   EVP_MAC_CTX* mac, int encrypt) {
  auto& keys = *static_cast<TicketKeys*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)));
  const Instant now = std::chrono::steady_clock::now();
  if (encrypt == 1) {
    TicketKeys::Key key = keys.current(now);
    std::ranges::copy(key.name, name);
    const bool done =
        RAND_bytes(iv, EVP_CIPHER_get_iv_length(EVP_aes_256_cbc())) == 1 &&
        EVP_EncryptInit_ex(cipher, EVP_aes_256_cbc(), nullptr, key.cipher.data(), iv) == 1 &&
        set_mac_key(mac, key);
    return done ? 1 : -1;
  }
  auto key = keys.find({name, TicketKeys::Key().name.size()}, now);
  if (!key) return 0;
  const bool done =
      EVP_DecryptInit_ex(cipher, EVP_aes_256_cbc(), nullptr, key->cipher.data(), iv) == 1 &&
      set_mac_key(mac, *key);
  if (!done) return -1;
  // A ticket is for one connection (RFC 8446 appendix C.4), so another one is due in any case.
  const bool renew = !key->current || SSL_version(ssl) >= TLS1_3_VERSION;
  return renew ? 2 : 1;
}

// What OpenSSL itself does not take of a file that could be read, such as a key below its security
// level, is a problem of that file.
template <class Use>
std::optional<FileProblem> attempt(Part part, const std::string& file, Use use) {
  try {
    use();
    return std::nullopt;
  } catch (const std::runtime_error& error) {
    return FileProblem(part, "\"" + file + "\" cannot be used: " + error.what());
  }
}

}  // namespace

void TlsContext::show(Identity identity) {
  SSL_CTX* const context = native();
  require(SSL_CTX_use_certificate(context, identity.certificate.get()) == 1, "certificate");
  for (const auto& between : identity.chain) {
    require(SSL_CTX_add1_chain_cert(context, between.get()) == 1, "certificate chain");
  }
  require(SSL_CTX_use_PrivateKey(context, identity.key.get()) == 1, "private key");
  expires_ = end_of(*identity.certificate);
  require(expires_.has_value(), "no expiry");
}

void TlsContext::trust(const std::vector<CertificatePtr>& authorities) {
  X509_STORE* const store = SSL_CTX_get_cert_store(native());
  for (const auto& authority : authorities) {
    require(X509_STORE_add_cert(store, authority.get()) == 1, "certificate authority");
  }
  // Who is named is trusted, also if somebody else signed it.
  X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN);
}

FromFile<TlsContext::Ptr> TlsContext::server(const config::TlsFiles& files) {
  auto made = std::make_shared<TlsContext>(make_context(TLS_server_method()));
  SSL_CTX* const context = made->native();
  auto identity = read_identity(files.cert, files.key);
  if (!identity) return identity.error();
  auto refused = attempt(Part::cert, files.cert, [&] { made->show(std::move(*identity)); });
  if (refused) return *refused;
  if (!files.ca.empty()) {
    const auto authorities = read_authorities(files.ca);
    if (!authorities) return authorities.error();
    refused = attempt(Part::ca, files.ca, [&] { made->trust(*authorities); });
    if (refused) return *refused;
    for (const auto& authority : *authorities) {
      require(SSL_CTX_add_client_CA(context, authority.get()) == 1, "certificate authority");
    }
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  }
  // Thousands of connections, most of them idle: no buffers while nothing is read or written.
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
  if (!RecordBuffers::in_use()) {
    log::debug("OpenSSL allocates a buffer for each record",
               {{"why", "it has allocated before main()"}});
  }
  SSL_CTX_set_alpn_select_cb(context, choose_protocol, nullptr);
  // Sessions are resumed by ticket, which needs no memory here. Tickets die with the context, so
  // that nobody resumes what authorities removed since would not let in.
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  require(SSL_CTX_set_session_id_context(context, bytes_of(kSessionContext),
                                         static_cast<unsigned>(kSessionContext.size())) == 1,
          "no session context");
  SSL_CTX_set_timeout(context, kSessionLifetime);
  SSL_CTX_set_num_tickets(context, 1);
  made->ticket_keys_ = std::make_unique<TicketKeys>(std::chrono::steady_clock::now());
  SSL_CTX_set_app_data(context, made->ticket_keys_.get());
  SSL_CTX_set_tlsext_ticket_key_evp_cb(context, use_ticket_key);
  return Ptr(std::move(made));
}

FromFile<TlsContext::Ptr> TlsContext::client(const config::TlsFiles& files) {
  auto made = std::make_shared<TlsContext>(make_context(TLS_client_method()));
  SSL_CTX* const context = made->native();
  if (!files.cert.empty()) {
    auto identity = read_identity(files.cert, files.key);
    if (!identity) return identity.error();
    const auto refused = attempt(Part::cert, files.cert, [&] { made->show(std::move(*identity)); });
    if (refused) return *refused;
  }
  if (files.ca.empty()) {
    require(SSL_CTX_set_default_verify_paths(context) == 1, "no system certificates");
  } else {
    const auto authorities = read_authorities(files.ca);
    if (!authorities) return authorities.error();
    const auto refused = attempt(Part::ca, files.ca, [&] { made->trust(*authorities); });
    if (refused) return *refused;
  }
  SSL_CTX_set_verify(context, files.verify ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, nullptr);
  require(SSL_CTX_set_alpn_protos(context, bytes_of(kProtocols),
                                  static_cast<unsigned>(kProtocols.size())) == 0,
          "no ALPN");
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL_STORE);
  SSL_CTX_sess_set_new_cb(context, TlsSession::keep_ticket);
  return Ptr(std::move(made));
}

}  // namespace gateway::tls
