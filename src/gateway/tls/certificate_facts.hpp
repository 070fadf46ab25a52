#pragma once
#include <chrono>
#include <optional>
#include <string>

#include "gateway/tls/handles.hpp"

// What a certificate says, as text for people; verified or not.
namespace gateway::tls {

// Certificates are usually renewed earlier: with less than this left a warning is logged.
inline constexpr std::chrono::hours kLateRenewal{7 * 24};

// Return subject and issuer as RFC 4514 writes names; empty if there is none.
[[nodiscard]] std::string subject_of(const X509& certificate);
[[nodiscard]] std::string issuer_of(const X509& certificate);
// Returns until when the certificate is valid, or nullopt if its text for that is no time.
[[nodiscard]] std::optional<std::chrono::sys_seconds> end_of(const X509& certificate);
// Returns true if the certificate is for `host`, a name or an IP address.
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
