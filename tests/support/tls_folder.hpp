#pragma once
#include <fstream>
#include <string>

#include "gateway/config/settings.hpp"
#include "testkit/certificate_authority.hpp"
#include "testkit/temporary_folder.hpp"

namespace gateway::test {

// An authority, and files of what it signs.
class TlsFolder {
 public:
  [[nodiscard]] const CertificateAuthority& authority() const noexcept { return authority_; }
  [[nodiscard]] std::string path(const std::string& name) const { return folder_.file(name); }

  // Returns the path.
  std::string write(const std::string& name, const std::string& text) const {
    std::ofstream(path(name), std::ios::binary) << text;
    return path(name);
  }
  // As NAME.crt and NAME.key.
  [[nodiscard]] config::TlsFiles files(const std::string& name,
                                       const ServerIdentity& identity) const {
    config::TlsFiles files;
    files.cert = write(name + ".crt", identity.certificate);
    files.key = write(name + ".key", identity.key);
    return files;
  }
  // Of a server at `host`.
  [[nodiscard]] config::TlsFiles server(const std::string& host = "127.0.0.1",
                                        Validity validity = Validity::now) const {
    return files("server", authority_.issue(host, validity));
  }
  // Of a client that trusts the authority and shows nothing.
  [[nodiscard]] config::TlsFiles client() const {
    config::TlsFiles files;
    files.ca = authority_.file();
    return files;
  }

 private:
  CertificateAuthority authority_;
  TemporaryFolder folder_;
};

}  // namespace gateway::test
