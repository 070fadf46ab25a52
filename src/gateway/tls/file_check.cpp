#include "gateway/tls/file_check.hpp"

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <string>
#include <system_error>
#include <utility>

#include "gateway/config/formats.hpp"
#include "gateway/tls/tls_source.hpp"

namespace gateway::tls {
namespace {

void warn_if_anybody_writes(const std::string& key, const std::string& path,
                            config::Report& report) {
  using std::filesystem::perms;
  std::error_code error;
  const auto status = std::filesystem::status(path, error);
  if (error || (status.permissions() & perms::others_write) == perms::none) return;
  report.warning_about(key, "anybody on this host can write {0}; `chmod o-w {0}`", path);
}

}  // namespace

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
