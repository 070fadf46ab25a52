#include "gateway/tls/certificate_facts.hpp"

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <ctime>

namespace gateway::tls {
namespace {

std::string text_of(const X509_NAME* name) {
  const BioPtr memory(BIO_new(BIO_s_mem()));
  if (!memory || X509_NAME_print_ex(memory.get(), name, 0, XN_FLAG_RFC2253) < 0) return {};
  std::string text(BIO_ctrl_pending(memory.get()), '\0');
  const int size = BIO_read(memory.get(), text.data(), static_cast<int>(text.size()));
  text.resize(static_cast<std::size_t>(std::max(size, 0)));
  return text;
}

}  // namespace

std::string subject_of(const X509& certificate) {
  return text_of(X509_get_subject_name(&certificate));
}

std::string issuer_of(const X509& certificate) {
  return text_of(X509_get_issuer_name(&certificate));
}

std::optional<std::chrono::sys_seconds> end_of(const X509& certificate) {
  std::tm time{};
  if (ASN1_TIME_to_tm(X509_get0_notAfter(&certificate), &time) != 1) {
    ERR_clear_error();
    return std::nullopt;
  }
  return std::chrono::sys_seconds(std::chrono::seconds(::timegm(&time)));
}

bool is_for_host(const X509& certificate, const std::string& host) {
  // OpenSSL takes a certificate that is not const, to cache what it has parsed of it.
  const CertificatePtr copy(X509_dup(&certificate));
  if (!copy) return false;
  const bool address = X509_check_ip_asc(copy.get(), host.c_str(), 0) == 1;
  const bool name = X509_check_host(copy.get(), host.data(), host.size(),
                                    X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS, nullptr) == 1;
  ERR_clear_error();
  return address || name;
}

}  // namespace gateway::tls
