#include "testkit/certificate_authority.hpp"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <atomic>
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

constexpr std::size_t kRsaBits = 2048;

Key make_key(const std::string& kind = "P-256") {
  Key key(kind == "RSA-2048" ? EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", kRsaBits)
                             : EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", kind.c_str()));
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
Certificate make_certificate(EVP_PKEY* key, const std::string& name, X509* issuer, long serial,
                             Validity validity = Validity::now) {
  Certificate certificate(X509_new());
  X509_set_version(certificate.get(), 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), serial);
  constexpr long kDay = 86400;
  const long begin = validity == Validity::not_yet ? kDay : -2 * kDay;
  const long end = validity == Validity::expired ? -kDay : 2 * kDay;
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), begin);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), end);
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

std::string subject_of(const std::string& host) {
  return (is_address(host) ? "IP:" : "DNS:") + host;
}

}  // namespace

struct CertificateAuthority::Parts {
  Key key;
  Certificate certificate;
};

CertificateAuthority::CertificateAuthority() : parts_(std::make_unique<Parts>()) {
  parts_->key = make_key();
  static std::atomic<int> number{1};
  const std::string name = "Test Authority " + std::to_string(number++);
  parts_->certificate = make_certificate(parts_->key.get(), name, nullptr, 1);
  X509* const certificate = parts_->certificate.get();
  add_extension(certificate, certificate, NID_basic_constraints, "critical,CA:TRUE");
  add_extension(certificate, certificate, NID_key_usage, "critical,keyCertSign");
  require(X509_sign(certificate, parts_->key.get(), EVP_sha256()) > 0, "not signed");

  file_ = folder_.file("authority.pem");
  std::ofstream(file_) << pem(certificate);
}

CertificateAuthority::~CertificateAuthority() = default;

ServerIdentity CertificateAuthority::issue(const std::string& host, Validity validity) const {
  return sign("Test Server", subject_of(host), validity);
}

ServerIdentity CertificateAuthority::issue_to_client(const std::string& name) const {
  return sign(name, "", Validity::now);
}

ServerIdentity CertificateAuthority::sign(const std::string& name, const std::string& alternative,
                                          Validity validity) const {
  static std::atomic<long> serial{2};
  const Key key = make_key();
  const Certificate certificate =
      make_certificate(key.get(), name, parts_->certificate.get(), serial++, validity);
  if (!alternative.empty()) {
    add_extension(certificate.get(), parts_->certificate.get(), NID_subject_alt_name, alternative);
  }
  require(X509_sign(certificate.get(), parts_->key.get(), EVP_sha256()) > 0, "not signed");
  return {pem(certificate.get()), pem(key.get())};
}

ServerIdentity self_signed(const std::string& host, const std::string& kind) {
  const Key key = make_key(kind);
  const Certificate certificate = make_certificate(key.get(), "Self", nullptr, 1);
  add_extension(certificate.get(), certificate.get(), NID_subject_alt_name, subject_of(host));
  require(X509_sign(certificate.get(), key.get(), EVP_sha256()) > 0, "not signed");
  return {pem(certificate.get()), pem(key.get())};
}

std::string encrypted_key(const ServerIdentity& identity) {
  const Memory in(BIO_new_mem_buf(identity.key.data(), static_cast<int>(identity.key.size())));
  const Key key(PEM_read_bio_PrivateKey(in.get(), nullptr, nullptr, nullptr));
  const Memory out(BIO_new(BIO_s_mem()));
  unsigned char passphrase[] = "secret";
  require(PEM_write_bio_PrivateKey(out.get(), key.get(), EVP_aes_256_cbc(), passphrase,
                                   sizeof passphrase - 1, nullptr, nullptr) == 1,
          "not encrypted");
  return text_of(out.get());
}

}  // namespace gateway::test
