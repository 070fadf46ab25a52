#include "support/test_authority.hpp"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>

namespace gateway::test {
namespace {

template <auto Free>
struct Freed {
  template <class T>
  void operator()(T* object) const {
    Free(object);
  }
};
using Key = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Freed<X509_free>>;
using Extension = std::unique_ptr<X509_EXTENSION, Freed<X509_EXTENSION_free>>;
using Memory = std::unique_ptr<BIO, Freed<BIO_free_all>>;

void require(bool done, const char* what) {
  if (!done) throw std::runtime_error(std::string("OpenSSL: ") + what);
}

Key make_key() {
  Key key(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256"));
  require(key != nullptr, "no key");
  return key;
}

void add_extension(X509* certificate, X509* issuer, int id, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const Extension extension(X509V3_EXT_conf_nid(nullptr, &context, id, value.c_str()));
  require(extension && X509_add_ext(certificate, extension.get(), -1) == 1, "no extension");
}

// Not signed yet. An issuer of its own where `issuer` is null.
Certificate make_certificate(EVP_PKEY* key, const std::string& name, X509* issuer, long serial) {
  Certificate certificate(X509_new());
  X509_set_version(certificate.get(), 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), serial);
  constexpr long kDay = 86400;
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -kDay);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), kDay);
  X509_set_pubkey(certificate.get(), key);
  X509_NAME* const subject = X509_get_subject_name(certificate.get());
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): OpenSSL's idea of bytes
  const auto* const bytes = reinterpret_cast<const unsigned char*>(name.c_str());
  X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, bytes, -1, -1, 0);
  X509* const signer = issuer == nullptr ? certificate.get() : issuer;
  X509_set_issuer_name(certificate.get(), X509_get_subject_name(signer));
  return certificate;
}

std::string text_of(BIO* memory) {
  std::string text(BIO_ctrl_pending(memory), '\0');
  require(BIO_read(memory, text.data(), static_cast<int>(text.size())) > 0, "no text");
  return text;
}

std::string pem(X509* certificate) {
  const Memory memory(BIO_new(BIO_s_mem()));
  require(PEM_write_bio_X509(memory.get(), certificate) == 1, "no PEM");
  return text_of(memory.get());
}

std::string pem(EVP_PKEY* key) {
  const Memory memory(BIO_new(BIO_s_mem()));
  require(PEM_write_bio_PrivateKey(memory.get(), key, nullptr, nullptr, 0, nullptr, nullptr) == 1,
          "no PEM");
  return text_of(memory.get());
}

bool is_address(const std::string& host) {
  return host.find_first_not_of("0123456789.") == std::string::npos;
}

}  // namespace

struct TestAuthority::Parts {
  Key key;
  Certificate certificate;
};

TestAuthority::TestAuthority() : parts_(std::make_unique<Parts>()) {
  parts_->key = make_key();
  parts_->certificate = make_certificate(parts_->key.get(), "Test Authority", nullptr, 1);
  X509* const certificate = parts_->certificate.get();
  add_extension(certificate, certificate, NID_basic_constraints, "critical,CA:TRUE");
  add_extension(certificate, certificate, NID_key_usage, "critical,keyCertSign");
  require(X509_sign(certificate, parts_->key.get(), EVP_sha256()) > 0, "not signed");

  file_ = (std::filesystem::temp_directory_path() / "test-authority-XXXXXX").string();
  const int fd = ::mkstemp(file_.data());
  if (fd < 0) throw std::runtime_error("no temporary file");
  ::close(fd);
  std::ofstream(file_) << pem(certificate);
}

TestAuthority::~TestAuthority() {
  ::unlink(file_.c_str());
}

ServerIdentity TestAuthority::issue(const std::string& host) const {
  const Key key = make_key();
  const Certificate certificate =
      make_certificate(key.get(), "Test Server", parts_->certificate.get(), 2);
  add_extension(certificate.get(), parts_->certificate.get(), NID_subject_alt_name,
                (is_address(host) ? "IP:" : "DNS:") + host);
  require(X509_sign(certificate.get(), parts_->key.get(), EVP_sha256()) > 0, "not signed");
  return {pem(certificate.get()), pem(key.get())};
}

}  // namespace gateway::test
