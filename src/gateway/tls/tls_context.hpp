#pragma once
#include <chrono>
#include <memory>
#include <optional>

#include "gateway/config/settings.hpp"
#include "gateway/tls/pem_files.hpp"
#include "gateway/tls/ticket_keys.hpp"

namespace gateway::tls {

// What the TLS connections of one side begin with: certificates, key, rules. Immutable; any number
// of threads may use it. A session keeps the context it began with.
//
// TLS 1.2 and 1.3 with forward secrecy and authenticated encryption only; no renegotiation, no
// compression, no early data; ALPN http/1.1 (RFC 7301).
class TlsContext {
 public:
  using Ptr = std::shared_ptr<const TlsContext>;

  // `cert` and `key` are required; with `ca` clients need a certificate one of these authorities
  // signed.
  [[nodiscard]] static FromFile<Ptr> server(const config::TlsFiles& files);
  // Trusts `ca`, or else the system's authorities; shows `cert` if there is one.
  [[nodiscard]] static FromFile<Ptr> client(const config::TlsFiles& files);

  explicit TlsContext(SslContextPtr context) : context_(std::move(context)) {}
  ~TlsContext() = default;
  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;

  [[nodiscard]] SSL_CTX* native() const noexcept { return context_.get(); }
  // Returns until when its own certificate is valid, or nullopt if it has none.
  [[nodiscard]] std::optional<std::chrono::sys_seconds> expires() const noexcept {
    return expires_;
  }

 private:
  void show(Identity identity);
  void trust(const std::vector<CertificatePtr>& authorities);

  std::unique_ptr<TicketKeys> ticket_keys_;  // of a server
  SslContextPtr context_;
  std::optional<std::chrono::sys_seconds> expires_;
};

}  // namespace gateway::tls
