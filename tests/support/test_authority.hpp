#pragma once
#include <memory>
#include <string>

namespace gateway::test {

// What a TLS server shows: certificate and private key in PEM.
struct ServerIdentity {
  std::string certificate;
  std::string key;
};

// A certificate authority of the test's own, made anew each time; its certificate is in a file as
// long as this lives.
class TestAuthority {
 public:
  TestAuthority();
  ~TestAuthority();
  TestAuthority(const TestAuthority&) = delete;
  TestAuthority& operator=(const TestAuthority&) = delete;

  // For a host name or an IPv4 address, valid for a day.
  [[nodiscard]] ServerIdentity issue(const std::string& host) const;
  [[nodiscard]] const std::string& file() const noexcept { return file_; }

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
  std::string file_;
};

}  // namespace gateway::test
