#include "gateway/tls/tls_source.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <stdexcept>
#include <utility>

#include "gateway/tls/certificate_facts.hpp"
#include "runtime/log.hpp"

namespace gateway::tls {
namespace {

TlsContext::Ptr load_or_throw(Side side, const config::TlsFiles& files) {
  auto loaded = load(side, files);
  if (!loaded) {
    throw std::invalid_argument(key_of(side, loaded.error().part()) + ": " + loaded.error().text());
  }
  return *loaded;
}

}  // namespace

std::string key_of(Side side, Part part) {
  const char* name = "cert";
  if (part == Part::key) name = "key";
  if (part == Part::ca) name = side == Side::server ? "client_ca" : "ca";
  return std::string(section_of(side)) + "." + name;
}

FromFile<TlsContext::Ptr> load(Side side, const config::TlsFiles& files) {
  try {
    return side == Side::server ? TlsContext::server(files) : TlsContext::client(files);
  } catch (const std::runtime_error& error) {
    return FileProblem(Part::cert, error.what());  // none of theirs: OpenSSL's own
  }
}

TlsSource::TlsSource(Side side, const config::TlsFiles& files)
    : side_(side), files_(files), watch_(stamps()), current_(load_or_throw(side, files)) {
  status_.side = side;
  status_.certificate = files.cert;
  status_.expires = current_->expires();
  warn_of_expiry();
}

TlsContext::Ptr TlsSource::current() const {
  const std::lock_guard lock(mutex_);
  return current_;
}

FileStamps TlsSource::stamps() const {
  FileStamps all;
  for (const std::string* path : {&files_.cert, &files_.key, &files_.ca}) {
    if (!path->empty()) all.push_back(FileStamp::of(*path));
  }
  return all;
}

void TlsSource::poll() {
  if (!watch_.changed(stamps())) return;
  auto loaded = load(side_, files_);
  if (!loaded) {
    ++status_.failures;
    status_.last_error = key_of(side_, loaded.error().part()) + ": " + loaded.error().text();
    log::error("changed TLS files cannot be used; those before them stay in use",
               {{"error", status_.last_error}});
    return;
  }
  ++status_.reloads;
  status_.last_error.clear();
  status_.expires = (*loaded)->expires();
  {
    const std::lock_guard lock(mutex_);
    std::swap(current_, *loaded);
  }
  log::info("TLS files reloaded; new connections use them", {{"section", section_of(side_)}});
  warn_of_expiry();
}

void TlsSource::warn_of_expiry() const {
  const auto now = std::chrono::system_clock::now();
  if (!status_.expires || *status_.expires - now > kLateRenewal) return;
  log::warn(*status_.expires < now ? "a certificate has expired" : "a certificate expires soon",
            {{"file", status_.certificate},
             {"at", fmt::format("{:%Y-%m-%dT%H:%M:%SZ}",
                                fmt::gmtime(status_.expires->time_since_epoch().count()))}});
}

}  // namespace gateway::tls
