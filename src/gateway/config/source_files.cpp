#include "gateway/config/source_files.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <system_error>
#include <vector>

#include "gateway/config/yaml_document.hpp"

namespace gateway::config {
namespace {

constexpr std::string_view kSecretVariable = "CONNECTOR_SECRET";

struct Found {
  std::string path;
  bool named;  // by the command line or the environment, so that it must exist
};

// Returns the path of a file: that of the option, else of the variable, else the first of
// `defaults` that exists. Images of the original connector look in those folders.
Found find(const std::optional<std::string>& option, std::string_view environment_variable,
           const std::vector<std::string>& defaults, const Environment& environment) {
  if (option) return {*option, true};
  if (auto path = variable(environment, environment_variable); !path.empty()) return {path, true};
  std::error_code error;
  const auto there = std::ranges::find_if(
      defaults, [&](const auto& path) { return std::filesystem::exists(path, error); });
  return {there == defaults.end() ? defaults.front() : *there, false};
}

Found find_config(const Sources& sources) {
  return find(sources.config_path, kConfigVariable, sources.default_config_paths,
              sources.environment);
}

std::string reason(int error) {
  return std::generic_category().message(error);
}

std::string unopened(const std::string& path, int error) {
  std::string text = "cannot be opened: " + reason(error);
  if (error == EACCES) {
    text += fmt::format(
        "; this runs as user {0}: make it readable for that user, as by "
        "`chown {0} {1}` or `chmod o+r {1}`",
        ::geteuid(), path);
  }
  return text;
}

// Returns whether every user may write the file, and so decide where events go.
bool anybody_writes(const std::filesystem::file_status& status) {
  using std::filesystem::perms;
  return std::filesystem::is_regular_file(status) &&
         (status.permissions() & perms::others_write) != perms::none;
}

SourceFile read(const Found& found) {
  SourceFile source;
  source.name = found.path;
  std::error_code error;
  const auto status = std::filesystem::status(found.path, error);
  if (status.type() == std::filesystem::file_type::not_found && !found.named) return source;
  if (std::filesystem::is_directory(status)) {
    source.problem = "is a directory; Docker makes one where a file to mount does not exist";
    return source;
  }
  errno = 0;
  std::ifstream file(found.path, std::ios::binary);
  if (!file) {
    source.problem = unopened(found.path, errno);
    return source;
  }
  // One byte more than is allowed, so that the parser sees a file that is too large. A pipe has no
  // size to ask for.
  std::string text(kMaxDocumentBytes + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (file.bad()) {
    source.problem = "cannot be read: " + reason(errno);
    return source;
  }
  text.resize(static_cast<std::size_t>(file.gcount()));
  source.text = std::move(text);
  if (anybody_writes(status)) {
    source.warning = fmt::format("anybody on this host can write it; `chmod o-w {}`", found.path);
  }
  return source;
}

}  // namespace

std::string variable(const Environment& environment, std::string_view name) {
  const auto found = environment.find(std::string(name));
  return found == environment.end() ? std::string() : found->second;
}

SourceFile read_config_file(const Sources& sources) {
  return read(find_config(sources));
}

SourceFile read_secret_file(const Sources& sources) {
  return read(find(sources.secret_path, kSecretVariable, sources.default_secret_paths,
                   sources.environment));
}

// The configuration of a process counts as made when the process starts, even if its file is older:
// an operator who goes back to an older file restarts with it. A container that Kubernetes starts
// again during a rolling update is an exception: it has the configuration that was mounted when its
// pod was made. Kubelet mounts a map with a link `..data` and sets the file's time then.
Duration configured_at(const Sources& sources) {
  const auto milliseconds = [](auto time) {
    return std::chrono::duration_cast<Duration>(time.time_since_epoch());
  };
  const Found file = find_config(sources);
  std::error_code error;
  const auto folder = std::filesystem::path(file.path).parent_path();
  if (std::filesystem::is_symlink(std::filesystem::symlink_status(folder / "..data", error))) {
    const auto written = std::filesystem::last_write_time(file.path, error);
    if (!error) return milliseconds(std::chrono::file_clock::to_sys(written));
  }
  return milliseconds(std::chrono::system_clock::now());
}

Environment process_environment() {
  Environment environment;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    const auto equals = text.find('=');
    if (equals == std::string_view::npos) continue;
    environment.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  return environment;
}

}  // namespace gateway::config
