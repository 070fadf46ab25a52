#include "gateway/tls/tls_source.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>

#include "gateway/config/formats.hpp"
#include "gateway/tls/certificate_facts.hpp"
#include "runtime/log.hpp"

namespace gateway::tls {
namespace {

std::int64_t nanoseconds(const timespec& time) noexcept {
  return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

TlsContext::Ptr load_or_throw(Side side, const config::TlsFiles& files) {
  auto loaded = load(side, files);
  if (!loaded) {
    throw std::invalid_argument(key_of(side, loaded.error().part()) + ": " + loaded.error().text());
  }
  return *loaded;
}

void warn_if_anybody_writes(const std::string& key, const std::string& path,
                            config::Report& report) {
  using std::filesystem::perms;
  std::error_code error;
  const auto status = std::filesystem::status(path, error);
  if (error || (status.permissions() & perms::others_write) == perms::none) return;
  report.warning_about(key, "anybody on this host can write {0}; `chmod o-w {0}`", path);
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

FileStamp FileStamp::of(const std::string& path) {
  struct stat found{};
  if (::stat(path.c_str(), &found) != 0) return {};
  return {found.st_dev, found.st_ino, static_cast<std::uint64_t>(found.st_size),
          nanoseconds(found.st_mtim), nanoseconds(found.st_ctim)};
}

void check_files(const config::Settings& settings, config::Report& report) {
  const auto check_side = [&report](Side side, const config::TlsFiles& files) {
    const std::pair<Part, const std::string&> named[] = {
        {Part::cert, files.cert}, {Part::key, files.key}, {Part::ca, files.ca}};
    bool readable = true;
    for (const auto& [part, path] : named) {
      errno = 0;
      if (path.empty()) continue;
      if (part == Part::key) warn_if_anybody_writes(key_of(side, part), path, report);
      if (std::ifstream(path)) continue;
      report.problem_with(key_of(side, part), "{} cannot be opened: {}", config::quote(path),
                          std::generic_category().message(errno));
      readable = false;
    }
    if (!readable || files.cert.empty() != files.key.empty()) return;
    const auto loaded = load(side, files);
    if (!loaded) {
      report.problem_with(key_of(side, loaded.error().part()), loaded.error().text());
    }
  };
  if (!settings.ingress.tls.cert.empty()) check_side(Side::server, settings.ingress.tls);
  if (settings.delivery.tls.any()) check_side(Side::client, settings.delivery.tls);
}

}  // namespace gateway::tls
