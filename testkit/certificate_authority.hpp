#pragma once
#include <memory>
#include <string>

#include "testkit/temporary_folder.hpp"

namespace gateway::test {

// What one side of TLS shows: certificate and private key in PEM.
struct ServerIdentity {
  std::string certificate;
  std::string key;
};

// When a certificate is valid.
enum class Validity { now, expired, not_yet };

// A certificate authority of the test's own, made anew each time; its certificate is in a file as
// long as this lives.
class CertificateAuthority {
 public:
  CertificateAuthority();
  ~CertificateAuthority();
  CertificateAuthority(const CertificateAuthority&) = delete;
  CertificateAuthority& operator=(const CertificateAuthority&) = delete;

  // For a host name or an IPv4 address, valid for a day.
  [[nodiscard]] ServerIdentity issue(const std::string& host,
                                     Validity validity = Validity::now) const;
  // For a client of that name.
  [[nodiscard]] ServerIdentity issue_to_client(const std::string& name) const;
  [[nodiscard]] const std::string& file() const noexcept { return file_; }

 private:
  struct Parts;
  [[nodiscard]] ServerIdentity sign(const std::string& name, const std::string& alternative,
                                    Validity validity) const;
  std::unique_ptr<Parts> parts_;
  TemporaryFolder folder_;
  std::string file_;
};

// Signed by nobody but itself. `kind` of the key: a curve (P-384 and P-521 are much slower to sign
// with), or "RSA-2048".
[[nodiscard]] ServerIdentity self_signed(const std::string& host,
                                         const std::string& kind = "P-256");
// The key of `identity`, encrypted with a passphrase.
[[nodiscard]] std::string encrypted_key(const ServerIdentity& identity);

}  // namespace gateway::test
