#pragma once
#include <boost/system/result.hpp>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "gateway/tls/handles.hpp"

namespace gateway::tls {

// Which of the configured files a problem is about.
enum class Part : std::uint8_t { cert, key, ca };

// Why a file cannot be used; `text` names the file and never holds anything out of it.
class FileProblem {
 public:
  FileProblem() = default;
  FileProblem(Part part, std::string text) : part_(part), text_(std::move(text)) {}
  [[nodiscard]] Part part() const noexcept { return part_; }
  [[nodiscard]] const std::string& text() const noexcept { return text_; }

 private:
  Part part_ = Part::cert;
  std::string text_;
};

template <class T>
using FromFile = boost::system::result<T, FileProblem>;
[[noreturn]] void throw_exception_from_error(const FileProblem& problem,
                                             const boost::source_location& where);

// Who one is: the certificate, what links it to its authority, and the key.
struct Identity {
  Identity() = default;

  CertificatePtr certificate;
  std::vector<CertificatePtr> chain;
  KeyPtr key;
};

// `cert` holds the certificate first and then those between it and its authority, in PEM; `key` an
// unencrypted private key that belongs to it. Both may be the same file.
[[nodiscard]] FromFile<Identity> read_identity(const std::string& cert, const std::string& key);
// At least one certificate in PEM.
[[nodiscard]] FromFile<std::vector<CertificatePtr>> read_authorities(const std::string& file);

}  // namespace gateway::tls
