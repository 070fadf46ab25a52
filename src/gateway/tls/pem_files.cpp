#include "gateway/tls/pem_files.hpp"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <memory>
#include <new>
#include <stdexcept>
#include <system_error>

namespace gateway::tls {
namespace {

FileProblem problem(Part part, const std::string& file, std::string_view what) {
  return {part, fmt::format("\"{}\" {}", file, what)};
}

struct CloseFile {
  void operator()(std::FILE* file) const noexcept { std::fclose(file); }
};

// Read at once, so that what is parsed is one state of the file.
FromFile<BioPtr> contents(Part part, const std::string& file) {
  const auto unreadable = [&] {
    return problem(part, file, "cannot be read: " + std::generic_category().message(errno));
  };
  const std::unique_ptr<std::FILE, CloseFile> stream(std::fopen(file.c_str(), "rbe"));
  if (!stream) return unreadable();
  BioPtr memory(BIO_new(BIO_s_secmem()));
  if (!memory) throw std::bad_alloc();
  std::array<char, 4096> block;
  std::size_t size = 0;
  do {
    size = std::fread(block.data(), 1, block.size(), stream.get());
    if (size != 0 && BIO_write(memory.get(), block.data(), static_cast<int>(size)) <= 0) {
      throw std::bad_alloc();
    }
  } while (size == block.size());
  const bool failed = std::ferror(stream.get()) != 0;
  OPENSSL_cleanse(block.data(), block.size());
  if (failed) return unreadable();
  return memory;
}

// Of every certificate in PEM; other blocks are passed over.
FromFile<std::vector<CertificatePtr>> certificates(Part part, const std::string& file) {
  auto text = contents(part, file);
  if (!text) return text.error();
  std::vector<CertificatePtr> all;
  ERR_clear_error();
  for (;;) {
    CertificatePtr certificate(PEM_read_bio_X509(text->get(), nullptr, nullptr, nullptr));
    if (!certificate) break;
    all.push_back(std::move(certificate));
  }
  const bool at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  ERR_clear_error();
  if (all.empty() && at_end) return problem(part, file, "holds no certificate in PEM format");
  if (!at_end) {
    return problem(part, file,
                   fmt::format("cannot be read: certificate {} in it is damaged", all.size() + 1));
  }
  return all;
}

// There is nobody to ask for a passphrase.
int note_encryption(char* /*to*/, int /*size*/, int /*writing*/, void* asked) {
  *static_cast<bool*>(asked) = true;
  return -1;
}

FromFile<KeyPtr> read_key(const std::string& file) {
  auto text = contents(Part::key, file);
  if (!text) return text.error();
  bool encrypted = false;
  ERR_clear_error();
  KeyPtr key(PEM_read_bio_PrivateKey(text->get(), nullptr, note_encryption, &encrypted));
  ERR_clear_error();
  if (encrypted) {
    return problem(Part::key, file,
                   "is encrypted with a passphrase; the key must be stored without one");
  }
  if (!key) return problem(Part::key, file, "holds no private key in PEM format");
  return key;
}

}  // namespace

void throw_exception_from_error(const FileProblem& problem,
                                const boost::source_location& /*where*/) {
  throw std::invalid_argument(problem.text());
}

FromFile<Identity> read_identity(const std::string& cert, const std::string& key) {
  auto chain = certificates(Part::cert, cert);
  if (!chain) return chain.error();
  auto private_key = read_key(key);
  if (!private_key) return private_key.error();
  Identity identity;
  identity.certificate = std::move(chain->front());
  chain->erase(chain->begin());
  identity.chain = std::move(*chain);
  identity.key = std::move(*private_key);
  const bool belongs = X509_check_private_key(identity.certificate.get(), identity.key.get()) == 1;
  ERR_clear_error();
  if (!belongs) {
    return problem(Part::key, key,
                   fmt::format("does not belong to the first certificate in \"{}\"", cert));
  }
  return identity;
}

FromFile<std::vector<CertificatePtr>> read_authorities(const std::string& file) {
  return certificates(Part::ca, file);
}

}  // namespace gateway::tls
