#pragma once
#include <chrono>
#include <optional>
#include <string>

#include "gateway/tls/handles.hpp"

// What a certificate says, as text for people; verified or not.
namespace gateway::tls {

// Whoever renews certificates does it earlier: with less than this left people are told.
inline constexpr std::chrono::hours kLateRenewal{7 * 24};

// As RFC 4514 writes names; empty if there is none.
[[nodiscard]] std::string subject_of(const X509& certificate);
[[nodiscard]] std::string issuer_of(const X509& certificate);
// Until when it is valid; nothing if the certificate's text for it is no time.
[[nodiscard]] std::optional<std::chrono::sys_seconds> end_of(const X509& certificate);
// Whether a client that verifies it takes it for this host, a name or an IP address.
[[nodiscard]] bool is_for_host(const X509& certificate, const std::string& host);

// The facts as plain values.
struct CertificateFacts {
  CertificateFacts() = default;
  explicit CertificateFacts(const X509& certificate)
      : subject(subject_of(certificate)),
        issuer(issuer_of(certificate)),
        expires(end_of(certificate)) {}

  std::string subject;
  std::string issuer;
  std::optional<std::chrono::sys_seconds> expires;
};

}  // namespace gateway::tls
